"""Ana comments on a line in the review of a branch, Bo answers and pushes; what is said stays on the line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.notebooks import FRONT, open_notebook
from tests.browser.people import Person, chromium, picture
from tests.fakes.remotes import Remote, allow, git, notebook
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

NAME = "forecast.ipynb"
OPEN = "atrium-Thread[data-open]"
CELL = "sales = load()\nsales = sales.dropna()\nmodel = fit(sales)\nplot(model)"


def test_a_thread_follows_its_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    remote = Remote(tmp_path / "remote", {NAME: notebook("import pandas", "sales = load()"), "notes.md": "a\nb\n"})
    allow(home, remote.url)
    with start_server(home) as server, chromium() as browser:
        expect.set_options(timeout=30_000)
        cloned = server.wait(server.api("POST", "/projects", {"url": remote.url, "name": "forecast"}))
        project = f"/projects/{cloned['result']['project']}"
        server.api("POST", f"{project}/branches", {"name": "weekly"})
        tree, branch = home / "work/projects/forecast/weekly", f"{project}/branches/weekly"

        def push(person: str, files: dict[str, str]) -> None:
            for name, text in files.items():
                (tree / name).write_text(text)
            server.api("POST", f"{branch}/commit", {"paths": [*files], "summary": "More"}, person=person)
            pushed = server.wait(server.api("POST", f"{branch}/push", person=person))
            assert pushed["state"] == "succeeded", pushed

        push("ana", {NAME: notebook("import pandas", CELL), "notes.md": "a\nc\n"})
        people = [Person(browser, server, name) for name in ("ana", "bo")]
        views = []
        for person in people:
            page = open_notebook(person, f"projects/forecast/weekly/{NAME}")
            page.locator(f"{FRONT} .atrium-Chip").filter(has_text="weekly").first.click()
            # JupyterLab may have saved the notebook as it writes notebooks.
            page.get_by_role("button", name=re.compile(r"^Commit(s and review| 1 file)$")).click()
            view = page.locator(".atrium-Git")
            view.get_by_role("button", name="Review and merge").click()
            views.append(view)
        ana, bo = views
        expect(ana).to_contain_text("Click a line’s number to comment on it")
        cell = ana.get_by_role("group", name="cell 2")

        # By keyboard: from the first line down to the third, with the second.
        cell.get_by_role("button", name="Comment on line 1", exact=True).focus()
        for key in ("ArrowDown", "Shift+ArrowDown", "Enter"):
            people[0].page.keyboard.press(key)
        people[0].page.keyboard.type("Are zeros ")
        # Escape leaves what is written, and Enter goes back to it.
        people[0].page.keyboard.press("Escape")
        expect(cell.get_by_role("button", name="Comment on line 3", exact=True)).to_be_focused()
        people[0].page.keyboard.press("Enter")
        people[0].page.keyboard.type("dropped too, @bo?")
        picture(people[0].page, "review-writing", "main", dark=True)
        people[0].page.keyboard.press("Control+Enter")
        theirs = bo.locator(f".{OPEN}")
        expect(theirs).to_contain_text("Are zeros dropped too, @bo?")
        expect(theirs).to_contain_text("lines 2–3")
        expect(bo.get_by_role("button", name="1 open thread", exact=True)).to_be_visible()

        # By mouse, on a line that goes.
        ana.get_by_role("region", name="Changes of notes.md").get_by_role(
            "button", name="Comment on old line 2", exact=True
        ).click()
        people[0].page.keyboard.type("Why not b?")
        people[0].page.keyboard.press("Control+Enter")
        expect(bo.get_by_role("button", name="2 open threads", exact=True)).to_be_visible()

        theirs.first.get_by_role("textbox", name="Reply").fill("No, zeros.")
        people[1].page.keyboard.press("Control+Enter")
        theirs.first.get_by_role("button", name="Edit").click()
        theirs.first.get_by_role("textbox", name="Edit comment").fill("No, zeros stay.")
        people[1].page.keyboard.press("Control+Enter")
        expect(ana.locator(f".{OPEN}").first).to_contain_text("No, zeros stay.")
        picture(people[0].page, "review-threads", "main", dark=True)

        # Ana is writing when the branch moves on: she says when the lines do.
        ana.locator(f".{OPEN}").first.get_by_role("textbox", name="Reply").fill("Then")
        push("bo", {NAME: notebook("import pandas", f"# Clean\n{CELL}")})
        ana.get_by_role("button", name="Show it").click()
        group = ana.get_by_role("group", name=f"Comments on lines 3–4 of {NAME}")
        expect(group).to_contain_text("No, zeros stay.")
        expect(group.get_by_role("textbox", name="Reply")).to_have_value("Then")
        above = group.locator("xpath=../preceding-sibling::div[1]")
        expect(above).to_contain_text("model = fit(sales)")
        # Bo was not, and sees it at once.
        expect(bo.get_by_role("group", name=f"Comments on lines 3–4 of {NAME}")).to_be_visible()

        # The lines change: what is said about them is kept, with the lines as they were.
        push("bo", {NAME: notebook("import pandas", "sales = load()\nmodel = fit(sales.fillna(0))")})
        outdated = bo.get_by_role("group", name=f"Comments on {NAME} that are on no line here")
        expect(outdated).to_contain_text("outdated")
        expect(outdated.get_by_label("The lines as they were")).to_contain_text("sales = sales.dropna()")
        picture(people[1].page, "review-outdated", "main", dark=True)
        bo.get_by_role("heading", name="3 commits of weekly into main").click()
        people[1].page.keyboard.press("n")
        focused = "document.activeElement.closest('.atrium-Thread').textContent"
        assert "Are zeros" in people[1].page.evaluate(focused)
        people[1].page.keyboard.press("n")
        assert "Why not b?" in people[1].page.evaluate(focused)
        outdated.get_by_role("button", name="Resolve").click()
        expect(outdated).to_contain_text("Resolved by Bo · 2 comments")
        expect(ana.get_by_role("button", name="1 open thread", exact=True)).to_be_visible()
        assert "merging leaves it open" in bo.inner_text()
        outdated.get_by_role("button", name="Show").click()
        outdated.get_by_role("button", name="Reopen").click()
        expect(ana.get_by_role("button", name="2 open threads", exact=True)).to_be_visible()

        # Whoever only looks is shown what is said, and offered nothing to say.
        bo_id = next(one["id"] for one in server.api("GET", "/people")["people"] if one["name"] == "bo")
        server.api("PUT", f"/people/{bo_id}/role", {"role": "viewer", "project": project.rpartition("/")[2]})
        expect(bo.get_by_role("button", name=re.compile("^(Comment on|Reply|Resolve|Edit)"))).to_have_count(0)
        expect(bo.get_by_role("textbox")).to_have_count(0)
        expect(bo.get_by_role("button", name="2 open threads", exact=True)).to_be_visible()
        picture(people[1].page, "review-viewer")

        ana.get_by_role("button", name="Merge into main").click()
        expect(ana.get_by_role("button", name="Merge into main")).to_have_count(0)
        assert git(remote.path, "log", "-1", "--format=%s", "main") == "Merge weekly"
        assert [problem for person in people for problem in person.problems] == []
