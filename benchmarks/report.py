"""How figures are printed: one line each, with unit, number of runs, and what it is compared with."""

import os
import platform
import statistics
from collections.abc import Sequence


def machine() -> str:
    """One line about the machine and how busy it is."""
    load = os.getloadavg()[0]
    return f"# {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}"


def _shown(value: float) -> str:
    """Four digits, and never as a power of ten."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def figure(name: str, values: Sequence[float] | float, unit: str, base: tuple[str, float] | None = None, aim: str = "") -> float:
    """Print the median of ``values`` and its ratio to ``base`` (a name and a figure of the same run); returns the median."""
    series = [values] if isinstance(values, int | float) else list(values)
    middle = statistics.median(series)
    line = f"{name:<72} {_shown(middle):>12} {unit:<10}"
    if len(series) > 1:
        line += f" (n={len(series)}, {_shown(min(series))} to {_shown(max(series))})"
    if base is not None:
        line += f" = {middle / base[1]:.3f} × {base[0]}"
    print(line + (f" [aim {aim}]" if aim else ""), flush=True)
    return middle
