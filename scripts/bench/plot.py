"""Plots as SVG, drawn by hand: small, and legible on a light page and on a dark one."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 376
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 52, 52
GREY = "#7d7d7d"  # as far from white as from black
COLOURS = ("#2f86d2", "#d9722b", "#3f9a4f", "#b055c0")


def si(value, unit=""):
    """1500000 as 1.5 M."""
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")):
        if value >= factor:
            return f"{value / factor:.3g} {prefix}{unit}".strip()
    return f"{value:.3g} {unit}".strip()


def binary(value):
    for factor, prefix in ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if value >= factor:
            return f"{value / factor:g} {prefix}"
    return f"{value:g} B"


class Axis:
    """Maps values to pixels: a logarithmic axis, or a linear one from zero."""

    def __init__(self, values, first_pixel, last_pixel, logarithmic):
        self.log = logarithmic
        low, high = min(values), max(values)
        if logarithmic:
            low, high = math.log10(low), math.log10(high)
            margin = 0.03 * (high - low) or 0.5
            self.low, self.high = low - margin, high + margin
        else:
            self.low, self.high = 0, high * 1.1 or 1
        self.first, self.last = first_pixel, last_pixel

    def pixel(self, value):
        place = math.log10(value) if self.log else value
        return self.first + (place - self.low) / (self.high - self.low) * (self.last - self.first)

    def ticks(self):
        if not self.log:
            step = 10 ** math.floor(math.log10(self.high))
            step = next(s for s in (step, step / 2, step / 5, step / 10) if self.high / s >= 4)
            return [i * step for i in range(int(self.high / step + 1e-9) + 1)]
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        steps = (1,) if self.high - self.low > 2.5 else (1, 2, 5)
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        return [tick for tick in ticks if self.low <= math.log10(tick) <= self.high]


def line_plot(title, x_label, y_label, series, x_ticks=None, x_format=si, y_format=si):
    """`series` is [(name, [(x, y), ...]), ...] with positive numbers; x is on a logarithmic scale, y is when it
    varies more than eightfold. `x_ticks` are the values to label, if not the round ones."""
    points = [point for _, line in series for point in line]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_axis = Axis(xs, LEFT, WIDTH - RIGHT, True)
    y_axis = Axis(ys, HEIGHT - BOTTOM, TOP, max(ys) > 8 * min(ys))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
           f' font-family="sans-serif" font-size="12" fill="{GREY}" role="img" aria-label="{escape(title)}">']

    def text(x, y, words, **attributes):
        extra = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
        out.append(f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(words)}</text>')

    def line(x1, y1, x2, y2, opacity):
        out.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{GREY}" stroke-opacity="{opacity}"/>')

    text(LEFT, 20, title, font_size=14, font_weight="bold")
    for tick in y_axis.ticks():
        y = y_axis.pixel(tick)
        line(LEFT, y, WIDTH - RIGHT, y, 0.25)
        text(LEFT - 6, y + 4, y_format(tick), text_anchor="end")
    for tick in x_ticks or x_axis.ticks():
        x = x_axis.pixel(tick)
        line(x, TOP, x, HEIGHT - BOTTOM, 0.25)
        text(x, HEIGHT - BOTTOM + 16, x_format(tick), text_anchor="middle")
    line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, 1)
    line(LEFT, TOP, LEFT, HEIGHT - BOTTOM, 1)
    scale = " (log scale)" if y_axis.log else ""
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label + " (log scale)", text_anchor="middle")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    text(14, middle, y_label + scale, text_anchor="middle", transform=f"rotate(-90 14 {middle:.1f})")

    legend_x = LEFT
    for i, (name, values) in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        places = [(x_axis.pixel(x), y_axis.pixel(y)) for x, y in sorted(values)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        text(legend_x, 40, f"● {name}", fill=colour)
        legend_x += 7 * len(name) + 32
    out.append("</svg>")
    return "\n".join(out) + "\n"
