"""Prints when the lamp of a lighthouse is visible, for people who count seconds at sea."""

PERIOD_SECONDS = 12
FLASHES = [(0.0, 0.4), (2.0, 2.4)]


def is_lit(seconds):
    phase = seconds % PERIOD_SECONDS
    return any(start <= phase < end for start, end in FLASHES)


def timeline(duration_seconds, step_seconds=0.5):
    count = int(duration_seconds / step_seconds)
    return "".join("*" if is_lit(i * step_seconds) else "." for i in range(count))


if __name__ == "__main__":
    print(timeline(24))
