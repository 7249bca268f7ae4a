"""Random notebooks, for holding re-run slices against fresh runs."""

from __future__ import annotations

import random

FRAME = "pd.DataFrame({'region': ['a', 'b', 'c', 'a'], 'n': [1, 2, 3, 4], 's': ['x', 'y', 'x', 'y']})"
CHOICES = ["a", "b", "c"]


def notebook(seed: int, length: int = 12) -> list[str]:
    """Sources of cells that filter, change, alias, hide and show; the second makes the widget ``region``."""
    draw = random.Random(seed)
    cells = [
        "import pandas as pd\nimport workspace_ext as ws\nimport random\nrandom.seed(0)\nlog = []\ndf = " + FRAME,
        f'region = ws.widgets.dropdown("region", {CHOICES})',
        "d = {'k': [0]}\nxs = [1]\nn = 3\nm = 0\nother = df.copy()\ndef f(v):\n    return v\ng = f\nh = [f]",
    ]
    pieces = [
        "df = df[df.region == region]", "df = df[df.n > m]", "df['n'] = df['n'] + n", "df.loc[df.n > 2, 'n'] = m",
        "other = df", "other = df.copy()", "other['n'] = 7", "df = " + FRAME, "n = len(region) + m", "n += 1", "m = n",
        "m = int(other.n.sum())", "xs.append(region)", "xs = [n]", "d['k'] = xs", "d['k'].append(m)",
        "ys = xs\nys.append(n)",
        "d = {'k': [m], 'r': region}", "def f(v):\n    return (v, region)", "def f(v):\n    return (v, n)",
        "def f(v):\n    xs.append(v)\n    return len(xs)", "def f(v):\n    global m\n    m += 1\n    return m",
        "g = f", "h.append(g)", "h = [lambda v: (v, m)]", "g = lambda v: f(n)", "n = f(1)\nn = len(str(n))",
        "for x in [xs]:\n    x.append('z')", "if region == 'a':\n    n = 5", "if region == 'b':\n    df = df.head(1)",
        "random.seed(n)", "m = random.randint(0, 9)", "q = 'n > @m'\ndf = df.query(q)", "df = df.query('n > @n - 9')",
        "xs, m = [m], n", "a, *b = [region, xs]\nb[0].append(a)",
        "class C:\n    def get(self):\n        return region, m",
        "with_m = [v + m for v in range(2)]\nxs.extend(with_m)", "del other\nother = df.head(2)", "log.append((n, m))",
        "it = iter([n, m, 9])", "t = eval('n')", "exec('m = n + 1')", "%time m = n + 2",
        "df.sort_values('n', inplace=True)",
        "other.drop(columns=['n'], errors='ignore', inplace=True)\nother = other.assign(n=m)",
        "s = df['n']\ns = s + m", "xs.insert(0, len(df))", "d.update(k=[n])", "e = d\ne['k'] = [region]",
    ]  # fmt: skip
    shows = [
        "df", "df.n.sum()", "other", "n", "m", "xs", "d", "f(2)", "g(n)", "h[-1](m)", "len(df), region", "log",
        "d['k']",
        "random.random()", "[n, m]", "ws.widgets.values()", "f(f(1))", "(lambda: (n, xs))()",
        "sum(len(str(v)) for v in xs)",
    ]  # fmt: skip
    for _ in range(length):
        body = "\n".join(draw.choices(pieces, k=draw.randint(0, 2)))
        cells.append(f"{body}\n{draw.choice(shows)}".strip() if draw.random() < 0.6 or not body else body)
    return cells
