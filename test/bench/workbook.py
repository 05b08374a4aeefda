"""Makes a workbook shaped like Wang et al. 2021, Table S2: `workbook.py FILE [SHARE]`, SHARE of its rows.

Needs Python alone.
"""

import random
import sys
import zipfile
from xml.sax.saxutils import escape

# Name, rows below the header, columns of text, samples, share of cells that say NA. Sizes as published; the paper
# uses neither mutations nor phosphoproteome, which are here for the weight of their shared strings.
SHEETS = [
    ("somatic_mutation", 6_757, [f"field_{j}" for j in range(124)], 0, 0.0),
    ("gene_expression_fpkm_uq", 45_914, ["gene_id", "gene_name", "gene_type", "hgnc"], 108, 0.0),
    ("proteome_normalized", 10_998, ["symbol", "refseq_prot_id", "hgnc_id"], 109, 0.1),
    ("phosphoproteome_normalized", 70_330, ["site_id", "symbol", "peptide", "refseq"], 109, 0.5),
    ("metabolome_normalized", 134, ["Metabolite"], 87, 0.1),
]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def letters(column):
    name = ""
    while column >= 0:
        name = chr(65 + column % 26) + name
        column = column // 26 - 1
    return name


def make(file, share=1.0):
    """Writes the workbook as Excel does: cells with references, text in one shared table; streamed."""
    shared = {}

    def text(value):
        return shared.setdefault(value, len(shared))

    rng = random.Random(1)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as out:
        for number, (name, rows, names, samples, missing) in enumerate(SHEETS, 1):
            header = names + [f"C3L-{j:05}" for j in range(samples)]
            columns = [letters(j) for j in range(len(header))]
            with out.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as sheet:
                sheet.write(f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>'.encode())
                for row in range(round(rows * share) + 1):
                    at = row + 1
                    if row == 0:
                        cells = [f"<v>{text(h)}</v>" for h in header]
                        kinds = ["s"] * len(cells)
                    else:
                        words = [f"{name[:4]}{row:06}.{k}" if k else f"{name[0].upper()}{row:011}.1" for k in range(len(names))]
                        gone = [rng.random() < missing for _ in range(samples)]
                        cells = [f"<v>{text(w)}</v>" for w in words]
                        cells += [f"<v>{text('NA') if g else repr(rng.gauss(0, 3))}</v>" for g in gone]
                        kinds = ["s"] * len(names) + ["s" if g else "n" for g in gone]
                    line = "".join(
                        f'<c r="{c}{at}"{" t=" + chr(34) + "s" + chr(34) if k == "s" else ""}>{v}</c>'
                        for c, k, v in zip(columns, kinds, cells)
                    )
                    sheet.write(f'<row r="{at}">{line}</row>'.encode())
                sheet.write(b"</sheetData></worksheet>")
        with out.open("xl/sharedStrings.xml", "w") as table:
            table.write(f'<sst xmlns="{MAIN}" count="{len(shared)}" uniqueCount="{len(shared)}">'.encode())
            for value in shared:
                table.write(f"<si><t>{escape(value)}</t></si>".encode())
            table.write(b"</sst>")
        write_parts(out)


def write_parts(out):
    numbers = range(1, len(SHEETS) + 1)
    sheets = "".join(f'<sheet name="{SHEETS[n - 1][0]}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{CONTENT}.worksheet+xml"/>' for n in numbers
    )
    out.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>')
    out.writestr(
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{RELATIONS}">{links}'
        f'<Relationship Id="rId99" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    out.writestr(
        "_rels/.rels",
        f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    )
    out.writestr(
        "[Content_Types].xml",
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{CONTENT}.sheet.main+xml"/>{parts}'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{CONTENT}.sharedStrings+xml"/></Types>',
    )


if __name__ == "__main__":
    make(sys.argv[1], *map(float, sys.argv[2:]))
