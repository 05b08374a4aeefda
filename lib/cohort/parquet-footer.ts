// Reads from a Parquet file's footer what polars does not tell: repeated columns, and the index that pandas wrote.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/**
 * Reads the footer, a struct in Thrift's compact protocol.
 * @returns the number of rows, the names of the columns as often as they are there, and those of the index in pandas.
 * Source: apache/parquet-format, parquet.thrift; apache/thrift, doc/specs/thrift-compact-protocol.md; pandas, "Storing
 * pandas DataFrame objects in Apache Parquet format".
 * @throws Error if the file is damaged.
 */
export function readFooter(file: string) {
  const handle = openSync(file, "r");
  try {
    const { size } = fstatSync(handle);
    const tail = Buffer.alloc(8); // the footer's length, and "PAR1"
    readSync(handle, tail, 0, 8, size - 8);
    const footer = Buffer.alloc(Math.min(tail.readUInt32LE(0), size - 8));
    readSync(handle, footer, 0, footer.length, size - 8 - footer.length);
    const [, list = "[]"] =
      /"index_columns": (\["(?:[^"\\]|\\.)*"[^\]]*\])/.exec(footer.toString()) ?? [];
    const index = (JSON.parse(list) as unknown[]).filter(
      (name): name is string => typeof name === "string",
    );
    return { ...readSchema(footer), index };
  } finally {
    closeSync(handle);
  }
}

/** The headers of the first three fields of `FileMetaData`, each one further: an i32, a list, an i64. */
const [VERSION, SCHEMA, ROWS] = [0x15, 0x19, 0x16];
/** Fields of `SchemaElement`. */
const [NAME, CHILDREN] = [4, 5];

/** Reads the children of the schema's root, of which lists and structs have children of their own. */
function readSchema(bytes: Buffer): { names: string[]; rows: number } {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const listHeader = () => {
    const byte = bytes.readUInt8(at++);
    return { type: byte & 15, count: byte >> 4 === 15 ? varint() : byte >> 4 };
  };
  const skip = (type: number): void => {
    if (type === 3) at++;
    else if (type >= 4 && type <= 6) varint();
    else if (type === 7) at += 8;
    else if (type === 8) at += varint();
    else if (type === 9 || type === 10) {
      const { type: inner, count } = listHeader();
      for (let i = 0; i < count; i++) skip(inner <= 2 ? 3 : inner);
    } else if (type === 12) eachField((_, inner) => skip(inner));
    else if (type > 2) throw new Error(`expected a type of Thrift, got ${type} at byte ${at}`);
  };
  const eachField = (visit: (field: number, type: number) => void) => {
    for (let field = 0, byte = bytes.readUInt8(at++); byte !== 0; byte = bytes.readUInt8(at++)) {
      if (byte >> 4 > 0) field += byte >> 4;
      else field = varint() / 2; // zigzag
      visit(field, byte & 15);
    }
  };
  const readElement = (): { name: string; children: number } => {
    const found = { name: "", children: 0 };
    eachField((field, type) => {
      if (field === NAME) {
        const end = varint() + at;
        found.name = bytes.toString("utf8", at, end);
        at = end;
      } else if (field === CHILDREN) found.children = varint() / 2;
      else skip(type);
    });
    return found;
  };
  const passElement = (): string => {
    const { name, children } = readElement();
    for (let i = 0; i < children; i++) passElement();
    return name;
  };
  const enter = (header: number) => {
    const found = bytes.readUInt8(at++);
    if (found !== header) throw new Error(`expected a field ${header} in the footer, got ${found}`);
  };
  enter(VERSION);
  varint();
  enter(SCHEMA);
  listHeader();
  const { children } = readElement(); // the root
  const names = Array.from({ length: children }, passElement);
  enter(ROWS);
  return { names, rows: varint() / 2 };
}
