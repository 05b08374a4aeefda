"""Runs one notebook in a real Jupyter kernel and tells what happens, one line of JSON an event.

usage: run_notebook.py INPUT OUTPUT FAILED   (kernel "aro", working folder = the current one)

The executed notebook is written to OUTPUT, aside and renamed, only when every cell has succeeded;
a failed one is written to FAILED. SIGINT, SIGTERM and SIGHUP interrupt the running cell and end the
notebook; a second one kills the kernel. Timings are not stored, so that equal results are equal files.
"""

import asyncio
import json
import os
import resource
import signal
import sys
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def write(notebook, path):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    aside = f"{path}.{os.getpid()}.part"
    with open(aside, "w", encoding="utf-8") as file:
        nbformat.write(notebook, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


YOUNG = 2  # seconds


class Stopped(Exception):
    """A signal came, and no other cell is to run."""


def text_of(cell):
    """What the cell printed to its error stream: tslab reports a failure there."""
    streams = [o for o in cell.get("outputs", []) if o.output_type == "stream" and o.name == "stderr"]
    return "".join(output.text for output in streams)


def main(source, target, failed):
    notebook = nbformat.read(source, as_version=4)
    code_cells = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    number_of = {index: number + 1 for number, index in enumerate(code_cells)}
    started = {}
    running = [0]
    stopping = []  # when signals came
    tasks = []  # kept, because asyncio does not

    def stop():
        now = time.monotonic()
        if stopping and now - stopping[0] < 0.5:
            return  # the same signal, which the parent process passes on
        stopping.append(now)
        task = interrupt() if len(stopping) == 1 else client.km.shutdown_kernel(now=True)
        tasks.append(asyncio.ensure_future(task))

    async def interrupt():
        index = running[0]
        await client.km.interrupt_kernel()
        # A kernel that has not begun the cell by then does not hear it, so a young cell is interrupted again.
        if time.monotonic() - started.get(index, 0) < YOUNG:
            await asyncio.sleep(YOUNG)
            if running[0] == index and client.km is not None:
                await client.km.interrupt_kernel()

    def on_begin(notebook):
        # Instead of nbclient's handlers, which shut the kernel down before a training can write a checkpoint.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop)

    def on_start(cell, cell_index):
        if stopping:
            raise Stopped
        if cell_index not in number_of:
            return  # a text cell
        running[0] = cell_index
        started[cell_index] = time.monotonic()
        first = next((line for line in cell.source.splitlines() if line.strip()), "")
        tell("cell", number=number_of[cell_index], of=len(code_cells), first=first)

    def on_done(cell, cell_index, execute_reply):
        if stopping:
            raise Stopped
        seconds = time.monotonic() - started[cell_index]
        tell("done", number=number_of[cell_index], seconds=round(seconds, 2))

    client = NotebookClient(
        notebook,
        kernel_name="aro",
        timeout=None,
        record_timing=False,
        coalesce_streams=True,
        on_notebook_start=on_begin,
        on_cell_start=on_start,
        on_cell_executed=on_done,
        resources={"metadata": {"path": os.getcwd()}},
    )
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError, Stopped) as error:
        for task in tasks:
            task.cancel()
        if stopping:
            tell("stopped", number=number_of.get(running[0], 0))
            return 1
        cell = notebook.cells[running[0]]
        write(notebook, failed)
        dead = isinstance(error, DeadKernelError)
        message = "the kernel died (out of memory, or it does not start)" if dead else text_of(cell)
        tell("failed", number=number_of.get(running[0], 0), source=cell.source, message=message)
        return 1
    # The language's version that tslab reports is a constant of its own, and says nothing.
    notebook.metadata.pop("language_info", None)
    notebook.metadata["language_info"] = {"name": "typescript", "file_extension": ".ts"}
    write(notebook, target)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    tell("finished", cells=len(code_cells), peak=peak * (1 if sys.platform == "darwin" else 1024))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
