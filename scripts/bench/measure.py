"""One timed run of a command, and what surrounds it."""

import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time

# Reads every file, so that what runs next finds them in the page cache.
CAT_ALL = "find . -type f -print0 | xargs -0 cat > /dev/null"


class Failed(Exception):
    """A command that did not do its work; the text says why."""


def environment(extra=None):
    return {**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})}


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def run(argv, cwd, extra_environment=None):
    """Runs a command that must succeed; returns its stdout."""
    try:
        done = subprocess.run(argv, cwd=cwd, env=environment(extra_environment), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise Failed(f"{argv[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise Failed(f"{argv[0]}: exit code {done.returncode}: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def tree_bytes(path):
    path = pathlib.Path(path)
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
    pathlib.Path(path).unlink(missing_ok=True)


def timed_run(argv, cwd, scratch, extra_environment=None, timeout=3600):
    """Runs a command once, with every file below `cwd` in the page cache and nothing left to write from before.

    Seconds are elapsed time, CPU seconds those of the command and all its children, peak memory the
    resident memory of its largest process.
    """
    usage_file = pathlib.Path(scratch) / "usage"
    errors_file = pathlib.Path(scratch) / "stderr"
    os.sync()
    subprocess.run(["bash", "-c", CAT_ALL], cwd=cwd, check=True)
    # GNU time, for a child of Python itself would count Python's memory as its own.
    command = ["/usr/bin/time", "-q", "-o", str(usage_file), "-f", "%U %S %M", *argv]
    timed_out = threading.Event()
    with open(errors_file, "wb") as errors:
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, env=environment(extra_environment), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)

        def stop():
            timed_out.set()
            os.killpg(process.pid, signal.SIGKILL)

        # Not wait(timeout), which looks only every twentieth of a second.
        timer = threading.Timer(timeout, stop)
        timer.start()
        try:
            code = process.wait()
            seconds = time.monotonic() - start
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            timer.cancel()
    if timed_out.is_set():
        raise Failed(f"stopped after {timeout:.0f} s")
    if code != 0:
        raise Failed(f"exit code {code}: {last_line(errors_file.read_text(errors='replace'))}")
    user, system, peak_kib = usage_file.read_text().splitlines()[-1].split()
    return {"seconds": round(seconds, 3), "cpu_seconds": round(float(user) + float(system), 2),
            "peak_bytes": int(peak_kib) * 1024}


def median(values):
    """The lower one of the two in the middle of an even number."""
    return sorted(values)[(len(values) - 1) // 2]


def machine():
    def field(path, name):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(name):
                return line.split(":", 1)[1].strip()
        return None

    return {"cpu": field("/proc/cpuinfo", "model name") or os.uname().machine,
            "processors": len(os.sched_getaffinity(0)),
            "memory_bytes": int(field("/proc/meminfo", "MemTotal").split()[0]) * 1024,
            "kernel": os.uname().release}
