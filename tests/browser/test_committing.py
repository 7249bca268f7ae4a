"""Two people in a notebook, one of whom commits some of it, amends, discards and goes on elsewhere: by clicks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebooks import FRONT, open_notebook, saved, sources, write_in
from tests.browser.people import Person, chromium, picture
from tests.fakes.remotes import Remote, allow, git, notebook
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NOTEBOOK = "projects/forecast/main/forecast.ipynb"
NAME = "forecast.ipynb"
STOLEN = "window.stolen = true"


def hostile() -> str:
    """The notebook, as somebody left it in the folder whose outputs would run something."""
    content = json.loads(notebook("shown"))
    html = f"<b>42</b><script>{STOLEN}</script><img src='x' onerror='{STOLEN}'><a href='javascript:{STOLEN}'>here</a>"
    content["cells"][0]["outputs"] = [
        {"output_type": "display_data", "metadata": {}, "data": data}
        for data in (
            5,  # damaged
            {"text/html": html},
            {"application/javascript": STOLEN},
            {"image/svg+xml": f"<svg onload='{STOLEN}'/>"},
        )
    ]
    return json.dumps(content)


def committed(tree: Path) -> list[str]:
    cells = json.loads(git(tree, "show", f"HEAD:{NAME}"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def test_committing_some_of_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote", {NAME: notebook("import pandas", "df = 1", "df + 1"), "notes.md": "a\n",
                                           "report.ipynb": notebook("shown")})  # fmt: skip
    allow(home, remote.url)
    with start_server(home) as server, chromium() as browser:
        expect.set_options(timeout=30_000)
        cloned = server.wait(server.api("POST", "/projects", {"url": remote.url, "name": "forecast"}))
        assert cloned["state"] == "succeeded", cloned
        tree = home / "work/projects/forecast/main"
        (tree / "notes.md").write_text("a\nb\n")
        (tree / "report.ipynb").write_text(hostile())
        people = [Person(browser, server, name) for name in ("ana", "bo")]
        ana, bo = (open_notebook(person, NOTEBOOK) for person in people)
        write_in(ana, 1, "  # Ana")
        saved(ana)
        write_in(bo, 2, "  # Bo")
        saved(bo)
        cells = bo.locator(f"{FRONT} .jp-CodeCell .cm-content")
        everything = ["import pandas", "df = 1  # Ana", "df + 1  # Bo"]
        expect(cells).to_have_text(everything)

        people[0].chip("main").click()
        ana.get_by_role("button", name="Commit 3 files", exact=True).click()
        view = ana.locator(".atrium-Git")
        changes, form = view.get_by_role("list", name="Changes"), view.get_by_role("form", name="Commit", exact=True)

        # What outputs show is drawn when it is asked for, and cannot run anything.
        changes.get_by_text("report.ipynb").click()
        view.get_by_role("button", name="Show outputs").click()
        now = view.get_by_role("region", name="Outputs: Now")
        expect(now.get_by_text("42")).to_be_visible()
        expect(now.get_by_text("could run code")).to_have_count(2)
        expect(view.get_by_role("region", name="Outputs: Before")).to_contain_text("No output")
        expect(now.locator("script, [onerror], [onload], a[href^=javascript]")).to_have_count(0)
        assert ana.evaluate("window.stolen") is None
        picture(ana, "outputs")
        view.get_by_label("Commit report.ipynb").uncheck()

        changes.get_by_text(NAME).click()
        view.get_by_label(f"Commit cell 3 of {NAME}").uncheck()
        view.get_by_label("Commit notes.md").uncheck()
        tick = view.get_by_label(f"Commit {NAME}", exact=True)
        assert tick.evaluate("box => box.indeterminate")
        expect(form.get_by_label("With Bo, who edited forecast.ipynb")).to_be_checked()
        view.get_by_role("button", name="Side by side").click()
        picture(ana, "staged")
        view.get_by_role("button", name="Inline").click()
        form.get_by_label("Summary").fill("Not wuite")
        form.get_by_role("button", name="Commit", exact=True).click()
        expect(form.get_by_label("Summary")).not_to_have_value("Not wuite")
        assert git(tree, "log", "-1", "--format=%an|%s|%b") == "Ana|Not wuite|Co-authored-by: Bo <bo@atrium.local>"
        assert committed(tree) == ["import pandas", "df = 1  # Ana", "df + 1"]
        expect(cells).to_have_text(everything)
        expect(changes.get_by_role("listitem")).to_have_count(3)

        # Amended, while nobody has it: other words, and the rest of the notebook.
        view.get_by_label(f"Commit {NAME}", exact=True).check()
        form.get_by_label("Amend the last commit").check()
        expect(form.get_by_label("Summary")).to_have_value("Not wuite")
        form.get_by_label("Summary").fill("Work together")
        form.get_by_role("button", name="Amend", exact=True).click()
        expect(changes.get_by_role("listitem")).to_have_count(2)
        assert git(tree, "log", "--format=%s") == "Work together\nWork"
        assert committed(tree) == everything
        assert "Bo <bo@atrium.local>" in git(tree, "log", "-1", "--format=%b")

        # Discarded beneath Bo, who has it open, and brought back.
        write_in(bo, 0, "  # of Bo")
        saved(bo)
        view.get_by_role("button", name=f"Discard the changes of {NAME}").wait_for(state="attached")
        changes.get_by_text(NAME).click()
        cell = view.get_by_role("group", name="cell 1")
        expect(cell).to_contain_text("# of Bo")
        cell.get_by_role("button", name=f"Discard cell 1 of {NAME}").click()
        expect(cells).to_have_text(everything)
        # Bo sees it before Ana has the answer: until then, Undo takes the amendment back.
        view.get_by_role("status").filter(has_text="Discarded").get_by_role("button", name="Undo").click()
        expect(cells.first).to_have_text("import pandas  # of Bo")

        # Off the branch that production follows, with what is ticked, and with the notebook that is open.
        view.get_by_label("Commit notes.md").uncheck()
        view.get_by_role("button", name="Carry to a new branch").click()
        view.get_by_label("New branch", exact=True).fill("weekly")
        picture(ana, "carry")
        view.get_by_role("button", name="Create branch").click()
        ana.locator(".lm-TabBar-tabLabel", has_text="Git: weekly").wait_for()
        view = ana.locator(".atrium-Git")
        expect(view.get_by_role("heading", level=2)).to_contain_text("weekly")
        expect(view.get_by_label("Commit notes.md")).not_to_be_checked()
        expect(view.get_by_role("button", name="Carry to a new branch")).to_have_count(0)
        weekly = tree.parent / "weekly"
        assert "# of Bo" in (weekly / NAME).read_text()
        # Bo goes on with it: nothing is taken from under their hands.
        assert git(tree, "status", "--porcelain").split() == ["M", NAME, "M", "notes.md", "M", "report.ipynb"]
        ana.locator(".lm-TabBar-tabLabel", has_text=NAME).click()
        expect(people[0].chip("weekly")).to_be_visible()
        assert sources(ana)[0] == "import pandas  # of Bo"
        assert [problem for person in people for problem in person.problems] == []
