// libtensorflow, from the wheel of the Python package index: fetched by pip, verified, kept in .tensorflow.
import { readFileSync } from "node:fs";
import { mkdir, rename, rm, statfs, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../cohort/python.js";

export interface Wheel {
  readonly distribution: "tensorflow-cpu" | "tensorflow";
  readonly sha256: string;
  /** pip's name for the platform. */
  readonly platform: string;
}

export const TENSORFLOW_VERSION = "2.21.0";

/** The wheels for Python 3.11; TensorFlow's library in them is the same for every Python. */
const WHEELS: Readonly<Record<string, Wheel>> = {
  "linux-x64": {
    distribution: "tensorflow-cpu",
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    platform: "manylinux_2_27_x86_64",
  },
  "linux-x64 with CUDA": {
    distribution: "tensorflow",
    sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
    platform: "manylinux_2_27_x86_64",
  },
  "linux-arm64": {
    distribution: "tensorflow",
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    platform: "manylinux_2_27_aarch64",
  },
  "darwin-arm64": {
    distribution: "tensorflow",
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    platform: "macosx_12_0_arm64",
  },
};

/** NVIDIA's libraries, as the wheel's extra "and-cuda" requires them; the wheel looks for them beside itself. */
const CUDA = [
  "nvidia-cublas-cu12==12.9.3.13",
  "nvidia-cuda-cupti-cu12==12.8.90",
  "nvidia-cuda-nvcc-cu12==12.9.86",
  "nvidia-cuda-nvrtc-cu12==12.9.86",
  "nvidia-cuda-runtime-cu12==12.9.79",
  "nvidia-cudnn-cu12==9.28.0.42",
  "nvidia-cufft-cu12==11.4.1.4",
  "nvidia-curand-cu12==10.3.10.19",
  "nvidia-cusolver-cu12==11.7.5.82",
  "nvidia-cusparse-cu12==12.5.10.65",
  "nvidia-nccl-cu12==2.32.3",
  "nvidia-nvjitlink-cu12==12.9.86",
];

/** Written into the folder last. */
const STAMP = "aro-library.json";

/** Bytes that the installation needs at its peak, with a margin. */
const ROOM = { cpu: 2.5e9, cuda: 12e9 };

/**
 * Names the wheel for this machine.
 * @throws Error if TensorFlow is not built for it.
 */
export function wheelFor(
  cuda: boolean,
  machine = `${process.platform}-${process.arch}`,
  glibc = glibcVersion(),
): Wheel {
  const wheel = WHEELS[cuda ? `${machine} with CUDA` : machine];
  if (!wheel) {
    const known = Object.keys(WHEELS).join(", ");
    throw new Error(
      `libtensorflow: expected one of ${known}, got ${machine}${cuda ? " with CUDA" : ""}; ` +
        "TensorFlow has no wheel for this machine",
    );
  }
  if (machine.startsWith("linux") && (glibc === null || glibc < 2.27)) {
    throw new Error(
      `libtensorflow: expected glibc 2.27 or newer, got ${glibc ?? "another C library"}; ` +
        "use a distribution with glibc, such as Debian or Ubuntu",
    );
  }
  return wheel;
}

/** Returns whether the folder has all of this wheel's libraries. */
export function isLibrary(folder: string, wheel: Wheel, cuda: boolean): boolean {
  return readStamp(folder) === stampOf(wheel, cuda);
}

/** Returns whether the folder's library is the one for NVIDIA GPUs. */
export function isCuda(folder: string): boolean {
  const wheel = WHEELS["linux-x64 with CUDA"];
  return readStamp(folder)?.includes(wheel.sha256) ?? false;
}

/**
 * Fetches the wheel's libraries and headers into the folder, unless they are there. They are installed beside it and
 * renamed when complete, so a folder with a stamp is never incomplete.
 * @throws Error in one line with what is missing and the remedy.
 */
export async function fetchLibrary(
  folder: string,
  wheel: Wheel,
  {
    python,
    cuda,
    onProgress,
  }: { python: string; cuda: boolean; onProgress: (line: string) => void },
): Promise<void> {
  const work = `${folder}.part`;
  await rm(work, { recursive: true, force: true });
  if (isLibrary(folder, wheel, cuda)) return;
  await mkdir(join(work, "tmp"), { recursive: true });
  try {
    await requireRoom(work, cuda ? ROOM.cuda : ROOM.cpu);
    const { distribution, sha256 } = wheel;
    onProgress(`downloading ${distribution} ${TENSORFLOW_VERSION} with ${python} -m pip`);
    const list = join(work, "tmp", "requirements.txt");
    await writeFile(list, `${distribution}==${TENSORFLOW_VERSION} --hash=sha256:${sha256}\n`);
    await install(python, work, wheel, ["-r", list]);
    if (cuda) {
      onProgress("downloading NVIDIA's libraries, about 3 GB");
      await install(python, work, wheel, CUDA);
    }
    await prune(work);
    await writeFile(join(work, STAMP), stampOf(wheel, cuda));
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function stampOf(wheel: Wheel, cuda: boolean): string {
  return JSON.stringify({ version: TENSORFLOW_VERSION, ...wheel, cuda: cuda ? CUDA : [] });
}

function readStamp(folder: string): string | null {
  try {
    return readFileSync(join(folder, STAMP), "utf8");
  } catch {
    return null;
  }
}

/** Installs wheels for any Python version, without their dependencies and without running them. */
async function install(
  python: string,
  work: string,
  { platform }: Wheel,
  what: readonly string[],
): Promise<void> {
  const platforms = platform.startsWith("macosx")
    ? [platform]
    : [platform, platform.replace("_2_27", "2014"), platform.replace("_2_27", "_2_17")];
  const args = [
    ..."-m pip install --quiet --disable-pip-version-check --no-input".split(" "),
    ..."--no-deps --no-compile --no-cache-dir --only-binary=:all:".split(" "),
    ..."--implementation cp --python-version 3.11 --abi cp311 --upgrade".split(" "),
    ...platforms.flatMap((name) => ["--platform", name]),
    ...["--target", work, ...what],
  ];
  const temporary = join(work, "tmp"); // on the same disk, and swept with the rest
  const { code, output } = await runCommand(python, args, {
    env: { ...process.env, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
  });
  if (code === 0) return;
  const lines = output.trim().split("\n");
  const reason = lines.filter((line) => line.startsWith("ERROR")).join(" ") || lines.at(-1);
  throw new Error(
    `libtensorflow: expected ${python} -m pip to install TensorFlow ${TENSORFLOW_VERSION}, ` +
      `got exit status ${code} (${reason}); check the network and pip's index, then run again`,
  );
}

/** Deletes all but libraries and headers from 1.3 GB, and adds the names that the addon's build links to. */
async function prune(work: string): Promise<void> {
  const kept = join(work, "kept");
  await mkdir(kept);
  const libraries =
    process.platform === "darwin"
      ? ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]
      : ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
  for (const name of [...libraries, "include"]) {
    await rename(join(work, "tensorflow", name), join(kept, name));
  }
  await rm(join(work, "tensorflow"), { recursive: true });
  await rename(kept, join(work, "tensorflow"));
  await rm(join(work, "tmp"), { recursive: true });
  const link = (to: string, from: string) => symlink(to, join(work, "tensorflow", from));
  if (process.platform === "darwin") {
    await link("libtensorflow_cc.2.dylib", "libtensorflow.2.dylib");
  } else {
    await link("libtensorflow_cc.so.2", "libtensorflow.so");
    await link("libtensorflow_framework.so.2", "libtensorflow_framework.so");
  }
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const gigabytes = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  if (bavail * bsize < bytes) {
    throw new Error(
      `libtensorflow: expected ${gigabytes(bytes)} of free disk, got ${gigabytes(bavail * bsize)}; ` +
        "free some disk space and run again",
    );
  }
}

/** The running process's glibc version, e.g. 2.36; null with another C library. */
function glibcVersion(): number | null {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime === undefined ? null : Number(header.glibcVersionRuntime);
}
