"""Which cells run again when a widget changes."""

from __future__ import annotations

import pytest

from workspace_server.dashboards.slices import Cell, Slices
from workspace_server.demo import story

STORE = 'store = ws.widgets.dropdown("store", ["a", "b"])'
WS = "import workspace_ext as ws\nimport pandas as pd"


def slices(*sources: str, widget: int = 1) -> Slices:
    """Cells c0, c1, ...; cell ``widget`` makes the widget ``store``; every other shows something."""
    return Slices(
        [
            Cell(f"c{i}", source, i != widget, ("store",) if i == widget else ())
            for i, source in enumerate(sources)
        ]
    )  # fmt: skip


def run(*sources: str, widget: int = 1) -> tuple[list[int], list[int]]:
    """Numbers of the cells that run and of those shown when ``store`` changes."""
    found = slices(*sources, widget=widget).of(["store"])
    return [int(id[1:]) for id in found.run], [int(id[1:]) for id in found.show]


def test_the_trap_of_a_frame_that_is_filtered_in_place() -> None:
    cells = [
        WS,
        STORE,
        "df = pd.DataFrame({'region': ['a', 'b'], 'n': [1, 2]})",
        "df = df[df.region == store]",
        "df.n.sum()",
    ]
    assert run(*cells) == ([0, 1, 2, 3, 4], [3, 4])


def test_only_what_depends_on_the_widget_runs() -> None:
    cells = [WS, STORE, "other = 1", "other + 1", "x = store", "x.upper()"]
    assert run(*cells) == ([0, 1, 4, 5], [4, 5])


def test_the_demonstrations_notebook() -> None:
    made = {"forecast-date": ("forecast_date",), "store": ("store",)}
    cells = [cell for cell in story.weekly().cells if cell.cell_type == "code"]
    graph = Slices([Cell(cell.id, cell.source, cell.id not in made, made.get(cell.id, ())) for cell in cells])
    found = graph.of(["store"])
    assert found.show == ("selected", "plot-selected")
    assert found.run == ("imports", "plot", "forecast-date", "store", "selected", "plot-selected")
    assert graph.writing() == {"write": "ws.tables.write"}
    assert graph.fixed("selected") == graph.fixed("plot-selected") == ""


def test_what_stands_below_changes_nothing_above() -> None:
    cells = [
        WS,
        STORE,
        "rows = [1]\npd.DataFrame(rows).to_csv('rows.csv')",
        "shown = [store]",
        "shown",
        "shown = rows",
    ]
    assert run(*cells) == ([0, 1, 3, 4], [3, 4])


def test_the_demonstrations_plot_follows_the_store_above_a_forecast_of_other_things() -> None:
    made = {"forecast-date": ("forecast_date",), "store": ("store",)}
    weekly = [(cell.id, cell.source) for cell in story.weekly().cells if cell.cell_type == "code"]
    cells = [*weekly, ("run", story.RUN_TOY)]
    graph = Slices([Cell(id, source, id not in made, made.get(id, ())) for id, source in cells])
    assert graph.fixed("plot-selected") == ""
    assert graph.of(["store"]).show == ("selected", "plot-selected")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param([WS, STORE, "d = {}", "d['k'] = store", "d"], [3, 4], id="subscript store"),
        pytest.param([WS, STORE, "class A: pass\na = A()", "a.x = store", "a.x"], [3, 4], id="attribute store"),
        pytest.param([WS, STORE, "xs = []", "xs.append(store)", "xs"], [3, 4], id="method call"),
        pytest.param([WS, STORE, "xs = []\nys = xs", "ys.append(store)", "xs"], [3, 4], id="alias"),
        pytest.param([WS, STORE, "xs = []\nd = {'k': xs}", "d['k'].append(store)", "xs"], [3, 4], id="held by a dict"),
        pytest.param([WS, STORE, "xs = [[]]", "for x in xs:\n    x.append(store)", "xs"], [3, 4], id="loop variable"),
        pytest.param([WS, STORE, "def f(x):\n    x.append(store)", "xs = []\nf(xs)\nxs"], [3], id="changed argument"),
        pytest.param([WS, STORE, "xs = []\ndef f():\n    xs.append(store)", "f()", "xs"], [3, 4], id="changed global"),
        pytest.param([WS, STORE, "n = 0\ndef f():\n    global n\n    n = store", "f()", "n"], [3, 4], id="global name"),
        pytest.param([WS, STORE, "f = lambda: store", "f()"], [2, 3], id="lambda"),
        pytest.param([WS, STORE, "def f():\n    return g()\ndef g():\n    return store", "f()"], [3], id="through two"),
        pytest.param([WS, STORE, "def f():\n    return store", "h = [f]", "h[0]()"], [3, 4], id="function in a list"),
        pytest.param([WS, STORE, "x = 1", "x += len(store)", "x"], [3, 4], id="augmented"),
        pytest.param([WS, STORE, "if store == 'a':\n    x = 1", "x"], [2, 3], id="under a condition"),
        pytest.param([WS, STORE, "x = 1", "if store == 'a':\n    x = 2", "x"], [3, 4], id="perhaps made anew"),
        pytest.param([WS, STORE, "df = pd.DataFrame({'s': ['a']})", "df.query('s == @store')"], [3], id="@ in a query"),
        pytest.param([WS, STORE, 'ws.sql("SELECT * FROM t WHERE s = $store")'], [2], id="$ in SQL"),
        pytest.param([WS, STORE, 'q = "SELECT $store"', "ws.sql(q)"], [2, 3], id="$ in a text made earlier"),
        pytest.param([WS, STORE, "ws.sql(open('q.sql').read())"], [2], id="SQL that cannot be seen"),
        pytest.param([WS, STORE, "import duckdb\nf = store", "duckdb.sql('from f')"], [2, 3], id="named frame"),
        pytest.param([WS, STORE, "exec('x = store')", "x"], [2, 3], id="exec"),
        pytest.param([WS, STORE, "from os.path import *", "join('a')"], [2, 3], id="star import"),
        pytest.param([WS, STORE, "%%time\nx = store", "x"], [2, 3], id="%%time is seen through"),
        pytest.param([WS, STORE, "%time x = store", "x"], [2, 3], id="%time is seen through"),
        pytest.param([WS, STORE, "g = (store for _ in 'ab')", "list(g)", "list(g)"], [2, 3, 4], id="generator"),
        pytest.param([WS, STORE, "ws.widgets.values()"], [2], id="all widgets"),
        pytest.param([WS, STORE, "x = (store", "1"], [2, 3], id="a cell that is not Python"),
        pytest.param([WS, STORE, "with open('f') as f:\n    x = store", "x"], [2, 3], id="with"),
        pytest.param([WS, STORE, "a, *b = [store]", "b"], [2, 3], id="unpacking"),
        pytest.param([WS, STORE, "print(y := store)", "y"], [2, 3], id="walrus"),
        pytest.param([WS, STORE, "match store:\n    case 'a':\n        z = 1", "z"], [2, 3], id="match"),
        pytest.param([WS, STORE, "x = await g(store)", "x"], [2, 3], id="await"),
    ],
)  # fmt: skip
def test_what_counts_as_depending(cells: list[str], expected: list[int]) -> None:
    assert run(*cells)[1] == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param([WS, STORE, "import numpy as np\nnp.random.seed(1)", "np.random.rand()", "store"], [4],
                     id="what does not depend stays away"),
        pytest.param([WS, STORE, "x = len(store)", "x = 1", "x"], [2], id="made anew"),
        pytest.param([WS, STORE, "df = pd.DataFrame()", "df['store']"], [], id="a column of the widget's name"),
        pytest.param([WS, STORE, "df = pd.DataFrame()", "df.groupby('store').sum()"], [], id="a key of that name"),
        pytest.param([WS, STORE, "def f(store):\n    return store", "f(1)"], [], id="a parameter of that name"),
        pytest.param([WS, STORE, "def f(store):\n    store.append(1)", "f([])"], [], id="a parameter that is changed"),
        pytest.param([WS, STORE, "[store for store in 'ab']"], [], id="a comprehension's own name"),
        pytest.param([WS, STORE, "import matplotlib.pyplot as plt\nplt.plot([1])"], [], id="a plot of other things"),
        pytest.param([WS, STORE, '"""About the store."""\nx = 1'], [], id="a docstring"),
    ],
)  # fmt: skip
def test_what_does_not(cells: list[str], expected: list[int]) -> None:
    assert run(*cells)[1] == expected


def test_everything_needed_runs_first_in_notebook_order() -> None:
    cells = [
        WS,
        STORE,
        "import numpy as np",
        "np.random.seed(7)",
        "class Row:\n    pass",
        "def pick(rows: list[Row]) -> Row:\n    return rows[int(np.random.rand() * len(rows))]",
        "unrelated = 1",
        "pick([Row(), store])",
    ]
    assert run(*cells)[0] == [0, 1, 2, 3, 4, 5, 7]


def test_after_an_unknown_magic_everything_is_needed() -> None:
    cells = [WS, STORE, "x = 1", "%some_magic", "store"]
    graph = slices(*cells)
    assert graph.of(["store"]).show == ()
    assert "%some_magic" in graph.fixed("c4")


@pytest.mark.parametrize(
    "writer",
    [
        "ws.tables.write(x, 'forecasts')",
        "x.to_csv('x.csv')",
        "x.to_parquet('x.parquet')",
        "from deltalake import write_deltalake\nwrite_deltalake('x', x)",
        "x.write.format('delta').saveAsTable('x')",
        "x.write.mode('append').parquet('x')",
        "!rm -rf x",
        "for i in range(2):\n    !touch $i",
        "files = !ls",
        "%pip install x",
        "import os\nos.remove('x')",
        "import subprocess\nsubprocess.run(['rm', 'x'])",
        "import shutil\nshutil.rmtree('x')",
        "open('x', 'w').write('x')",
        "with open('x', mode='a') as f:\n    print(1, file=f)",
        "from pathlib import Path\nPath('x').write_text('x')",
        "Path('x').open('w')",
        "con.execute('INSERT INTO t VALUES (1)')",
        "spark.sql('  drop table t')",
        "import requests\nrequests.post('http://x', json={})",
        "def save():\n    x.to_csv('x')\nsave()",
        "def save():\n    x.to_csv('x')\nagain = save\nagain()",
        "list(map(x.to_parquet, ['a', 'b']))",
        "import matplotlib.pyplot as plt\nplt.savefig('x.png')",
        "from workspace_ext.tables import write\nwrite(x, 'y')",
        "from joblib import dump\ndump(x, 'm')",
    ],
)
def test_cells_that_write_never_run(writer: str) -> None:
    graph = slices(WS, STORE, f"x = pd.DataFrame([store])\n{writer}", "x", "store")
    found = graph.of(["store"])
    assert found.show == ("c4",)
    assert "c2" in graph.writing()
    assert "c2" not in found.run
    assert "never run for a viewer" in graph.fixed("c2")
    assert "code cell 3" in graph.fixed("c3")


def test_a_shell_cell_writes_and_hides_nothing_else() -> None:
    graph = slices(WS, STORE, "%%bash\ncurl -o data.csv x", "store", "pd.read_csv('data.csv'), store")
    assert graph.writing() == {"c2": "a shell command"}
    assert graph.of(["store"]).show == ("c3",)


@pytest.mark.parametrize("reader", ["x.to_csv()", "open('x').read()", "con.execute('SELECT 1')", "x.to_html()"])
def test_reading_is_not_writing(reader: str) -> None:
    assert slices(WS, STORE, reader).writing() == {}


def test_a_function_that_could_write_does_not_make_its_cell_write() -> None:
    graph = slices(WS, STORE, "def save(x):\n    x.to_csv('x')\ny = 1", "y + len(store)", "save(y)")
    assert graph.writing() == {"c4": "x.to_csv"}
    assert graph.of(["store"]).run == ("c0", "c1", "c2", "c3")


def test_a_file_that_a_cell_writes_is_what_reads_it_needs() -> None:
    graph = slices(WS, STORE, "pd.DataFrame().to_csv('out.csv')", "pd.read_csv('out.csv').assign(s=store)")
    assert graph.of(["store"]).show == ()
    assert "a file" not in graph.fixed("c3")
    assert "to_csv" in graph.fixed("c3")


def test_equal_slices_have_equal_digests() -> None:
    one = slices(WS, STORE, "store").of(["store"])
    assert one.digest == slices(WS, STORE, "store", "unrelated = 1").of(["store"]).digest
    assert one.digest != slices(WS, STORE, "store.upper()").of(["store"]).digest


def test_cells_that_are_hidden_are_left_out() -> None:
    graph = slices(WS, STORE, "store", "store * 2")
    assert graph.of(["store"], visible=["c3"]).show == ("c3",)


def test_which_widgets_a_cell_follows() -> None:
    graph = Slices(
        [
            Cell("a", 'one = ws.widgets.dropdown("one", [1])', widgets=("one",)),
            Cell("b", 'two = ws.widgets.dropdown("two", [one])', widgets=("two",)),
            Cell("c", "two", shows=True),
            Cell("d", "1", shows=True),
        ]
    )
    assert graph.follows("c") == {"one", "two"}
    assert graph.follows("d") == set()
