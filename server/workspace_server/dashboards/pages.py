"""The viewer's page and the sandboxed frames in it. None of them holds data: what they show comes through the API."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files
from pathlib import Path

from ..kit.errors import NotFound
from ..kit.home import Home
from ..kit.http import Content

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
STATIC = {"viewer.js": "text/javascript; charset=utf-8", "viewer.css": "text/css; charset=utf-8"}
ALWAYS_ASK = {"Cache-Control": "no-cache", "Referrer-Policy": "no-referrer"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Dashboard</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="static/viewer.css">
<script type="module" src="static/viewer.js"></script>
</head>
<body><div id="root"></div><noscript>This page needs JavaScript.</noscript></body>
</html>
"""

# The content comes by message rather than by address, so that no address holds a secret. After `document.open` the
# policy of this page still holds.
FRAME = """<!doctype html>
<meta charset="utf-8">
<script>
const style = dark => `<style>:root{color-scheme:${dark ? 'dark' : 'light'}}
  body{margin:0;font:14px/1.5 system-ui,sans-serif;overflow-x:auto}</style>`;
const size = `<script>new ResizeObserver(() => parent.postMessage(
  {atrium: 'height', height: document.documentElement.offsetHeight}, '*')).observe(document.documentElement);<` +
  `/script>`;
addEventListener('message', event => {
  if (event.source === parent && typeof event.data?.html === 'string') {
    document.open();
    document.write('<!doctype html><meta charset="utf-8">' + style(event.data.dark) + event.data.html + size);
    document.close();
  }
});
parent.postMessage({atrium: 'ready'}, '*');
</script>
"""

PLOTLY = """<!doctype html>
<meta charset="utf-8">
<style>:root{color-scheme:light dark}body{margin:0;overflow:hidden}</style>
<div id="figure"></div>
<script>%s</script>
<script>
addEventListener('message', event => {
  if (event.source === parent && event.data?.figure) {
    const {data, layout} = event.data.figure;
    const [ink, line] = event.data.dark ? ['#e6e6e6', '#3a414a'] : ['#1f1f1f', '#e1e4e8'];
    const clear = 'rgba(0,0,0,0)';
    const axis = given => ({gridcolor: line, zerolinecolor: line, automargin: true, ...given});
    const height = layout?.height ?? 380;
    const whole = {
      ...layout, height, width: undefined, autosize: true, paper_bgcolor: clear, plot_bgcolor: clear,
      font: {...layout?.font, color: ink}, xaxis: axis(layout?.xaxis), yaxis: axis(layout?.yaxis),
      margin: {t: layout?.title ? 56 : 16, r: 16, b: 40, l: 48, ...layout?.margin},
    };
    Plotly.newPlot('figure', data, whole, {responsive: true, displaylogo: false, displayModeBar: false})
      .then(() => parent.postMessage({atrium: 'height', height}, '*'));
  }
});
parent.postMessage({atrium: 'ready'}, '*');
</script>
"""


def shell() -> Content:
    """The page; the same for every dashboard, and for those that do not exist."""
    return Content(SHELL.encode(), policy=POLICY, headers=ALWAYS_ASK)


def static(name: str) -> Content:
    """The page's script and style."""
    file = files(__package__).joinpath("static", name)
    if name not in STATIC or not file.is_file():
        raise NotFound("no_such_file", f"There is no {name[:60]}.", "`make install` builds the viewer's page.")
    return Content(file.read_bytes(), STATIC[name], headers=ALWAYS_ASK)


def frame() -> Content:
    """An empty page that runs the HTML it is handed, and can reach nothing."""
    return Content(FRAME.encode(), policy=FRAME_POLICY, headers=ALWAYS_ASK)


def keep_plotly(home: Home, environment: Path) -> str:
    """Keep the plotly.js of an environment; returns the address of the page that draws with it, empty without one."""
    for path in environment.glob("lib/python*/site-packages/plotly/package_data/plotly.min.js"):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:32]
        kept = home.cache / "plotly" / f"{digest}.js"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(content)
        return f"frame/plotly/{digest}"
    return ""


def plotly(home: Home, digest: str) -> Content:
    """An empty page that draws the Plotly figure it is handed, without the network."""
    path = home.cache / "plotly" / f"{digest}.js"
    if not re.fullmatch(r"[0-9a-f]{32}", digest) or not path.is_file():
        raise NotFound("no_such_page", "There is no such page.")
    script = path.read_text(encoding="utf-8").replace("</script", "<\\/script")
    return Content((PLOTLY % script).encode(), policy=FRAME_POLICY, headers=FOR_EVER)
