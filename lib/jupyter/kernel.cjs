// Starts the tslab kernel in the repository root with a freshly compiled lib, so that every notebook
// reads the same paths and the same code: "restart kernel" means "rebuild lib".
const { spawnSync } = require("node:child_process");
const path = require("node:path");

const root = path.join(__dirname, "..", "..");
process.chdir(root);
if (process.env.ARO_LIB_BUILT !== "1") {
  // The runner compiles once for all notebooks. tsc's complaints go to Jupyter's terminal.
  const tsc = require.resolve("typescript/bin/tsc");
  const built = spawnSync(process.execPath, [tsc, "-p", "lib"], { stdio: ["ignore", 2, 2] });
  if (built.status !== 0) {
    process.stderr.write(
      "kernel: lib does not compile; correct the errors above and restart the kernel\n",
    );
    process.exit(1);
  }
}
// tslab would watch every file that lib and its packages are made of, and fail the running cell if one is touched.
const tslab = require.resolve("tslab/dist/main.js");
const { sys } = require(require.resolve("@tslab/typescript-for-tslab", { paths: [tslab] }));
sys.watchFile = () => ({ close() {} });
sys.watchDirectory = sys.watchFile;
// It would parse the types of every package; a cell sees Node's and those that it imports.
const { getDirectories, readFile } = sys;
sys.getDirectories = (folder) =>
  getDirectories(folder).filter((name) => name === "node" || path.basename(folder) !== "@types");
// Nobody reads documentation in a run, and in declarations it is most of the text to parse.
if (process.env.ARO_LIB_BUILT === "1") {
  sys.readFile = (file, encoding) => {
    const text = readFile(file, encoding);
    return file.endsWith(".d.ts") ? text?.replace(/\/\*\*[\s\S]*?\*\//g, "") : text;
  };
}
require(tslab).startKernel({ configPath: process.argv[2] });
