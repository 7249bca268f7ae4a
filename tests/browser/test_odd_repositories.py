"""Large and odd repositories by clicks: some folders, the last commits, Git LFS, submodules, a folder on no branch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person, chromium, picture
from tests.fakes.lfs import LfsServer
from tests.fakes.remotes import Remote, allow, git, notebook, slow_http
from tests.fakes.servers import start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]


def test_some_folders_only(tmp_path: Path) -> None:
    home, files = tmp_path / "home", {"README.md": "# Many\n", "app/forecast.ipynb": notebook("x = 1")}
    folders = ("clean", "raw/2025", "raw/2026")
    files |= {f"data/{folder}/{number}.csv": "1,2\n" * 5000 for folder in folders for number in range(4)}
    remote = Remote(tmp_path / "remote", dict(files))
    with start_server(home) as server, chromium() as browser:
        allow(home, remote.url)
        ana = Person(browser, server, "ana")
        ana.sign_in()
        page, panel = ana.page, ana.page.locator("#atrium-projects")
        form = panel.get_by_role("form", name="Clone repository")
        form.get_by_label("Repository URL").fill(remote.url)
        form.get_by_label("Only some folders").check()
        form.get_by_role("button", name="Clone", exact=True).click()
        choosing = panel.get_by_role("form", name="Folders")
        expect(choosing.get_by_label("app", exact=True)).not_to_be_checked()
        tree = home / "work/projects/forecast/main"
        assert sorted(path.name for path in tree.iterdir()) == [".git", "README.md"]
        choosing.get_by_label("app", exact=True).check()
        choosing.get_by_label("Show the folders in data").click()
        choosing.get_by_label("Show the folders in data/raw").click()
        choosing.get_by_label("data/raw/2026", exact=True).check()
        expect(choosing.get_by_role("status")).to_contain_text("5 files, 80 KB")
        picture(page, "folders")
        choosing.get_by_role("button", name="Check out").click()
        # Then its first notebook opens, as ever.
        expect(page.get_by_role("tab", name="forecast.ipynb")).to_be_visible()
        note = panel.locator(".atrium-List-row[data-key$=' folders']")
        expect(note).to_contain_text("app, data/raw/2026")
        assert sorted(path.name for path in (tree / "data/raw").iterdir()) == ["2026"]
        # Not while something there is in no commit.
        (tree / "data/raw/2026/0.csv").write_text("mine\n")
        note.get_by_role("button", name="Change").click()
        choosing.get_by_label("data/raw/2026", exact=True).uncheck()
        choosing.get_by_role("button", name="Check out").click()
        expect(choosing.get_by_role("alert")).to_contain_text("data/raw/2026/0.csv")
        picture(page, "folders-refused")
        git(tree, "checkout", "--quiet", "--", ".")
        choosing.get_by_label("data/clean", exact=True).check()
        choosing.get_by_role("button", name="Check out").click()
        expect(note).to_contain_text("app, data/clean")
        assert sorted(path.name for path in (tree / "data").iterdir()) == ["clean"]
        assert "data" not in git(tree, "status", "--porcelain")
        assert ana.problems == []


def test_the_last_commits_large_files_submodules_and_a_folder_on_no_branch(tmp_path: Path) -> None:
    home, remote, lfs = tmp_path / "home", Remote(tmp_path / "remote"), LfsServer()
    model = b"model" * 100_000
    remote.push({".gitattributes": "*.bin filter=lfs -text\n", "model.bin": lfs.add(model)})
    remote.push({"scaler.bin": lfs.add(b"scaler")})
    lib = Remote(tmp_path / "remote" / "library", {"tools.py": "x = 1\n"})
    (remote.elsewhere / "lib").mkdir()
    git(remote.elsewhere, "update-index", "--add", "--cacheinfo", f"160000,{lib.head()},lib")
    remote.push({".gitmodules": '[submodule "lib"]\n\tpath = lib\n\turl = ../../library/forecast.git\n'})
    remote.push({"notes.txt": "newest\n"})

    def api(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any] | None:
        return (
            (200, {"size": 2_300_000})
            if path == "/api/v3/repos/team/forecast"
            else lfs.answer(method, path, headers, body)
        )

    (remote.path.parent / "team").mkdir()
    (remote.path.parent / "team" / "forecast.git").symlink_to(remote.path)
    with slow_http(remote.path.parent, api=api) as base, start_server(home) as server, chromium() as browser:
        lfs.base, url = base, f"{base}/team/forecast.git"
        allow(home, url, f"{base}/library/forecast.git")
        (home / "settings" / "git-hosts.json").write_text(f'{{"{base.removeprefix("http://")}": "github"}}')
        ana = Person(browser, server, "ana")
        ana.sign_in()
        page, panel = ana.page, ana.page.locator("#atrium-projects")

        # Its host says that it is large: asked before anything is fetched.
        form = panel.get_by_role("form", name="Clone repository")
        form.get_by_label("Repository URL").fill(url)
        form.get_by_role("button", name="Clone", exact=True).click()
        expect(form).to_contain_text("It is large: 2.4 GB with all its history.")
        expect(form.get_by_label("Only the last 50 commits")).to_be_checked()
        picture(page, "large")
        form.get_by_role("button", name="Clone", exact=True).click()
        tree = home / "work/projects/forecast/main"
        expect(panel.get_by_text("production")).to_be_visible()
        # With so few commits that is all of them; leave out some as fifty would of a real one.
        git(home / "git/forecast.git", "fetch", "--quiet", "--depth=1", url, "+refs/heads/*:refs/remotes/origin/*")
        server.api("POST", f"/projects/{server.api('GET', '/projects')['projects'][0]['id']}/look")
        expect(panel.get_by_text("Last commits only")).to_be_visible()
        picture(page, "shallow")
        panel.get_by_role("button", name="Fetch the rest").click()
        expect(panel.get_by_text("Last commits only")).to_be_hidden()

        # Two pointers, fetched one after the other.
        row = panel.locator(".atrium-List-row[data-key$='branch main']")
        row.hover()
        row.get_by_role("button", name=re.compile("^Commit.* of main")).click()
        view = page.get_by_role("region", name="Large files")
        expect(view).to_contain_text("2 files are stored in Git LFS, 500 KB; only pointers are here.")
        view.get_by_role("button", name="Show").click()
        picture(page, "lfs")
        view.get_by_role("button", name="Fetch scaler.bin").click()
        expect(view).to_contain_text("model.bin is stored in Git LFS, 500 KB; only a pointer is here.")
        view.get_by_role("button", name="Fetch", exact=True).click()
        expect(view).to_be_hidden()
        assert (tree / "model.bin").read_bytes() == model

        # The submodule is off until its host was read.
        view = page.get_by_role("region", name="Submodules")
        expect(view).to_contain_text("1 submodule is not fetched")
        view.get_by_role("button", name="Let in lib").click()
        expect(view).to_contain_text("Code from 127.0.0.1 comes into every branch")
        picture(page, "submodule")
        view.get_by_role("button", name="Let in and fetch").click()
        expect(view).to_contain_text("1 submodule fetched")
        assert (tree / "lib/tools.py").exists()
        view.get_by_role("button", name="Show").click()
        picture(page, "submodule-here")
        view.get_by_role("button", name="Turn off lib").click()
        expect(view).to_contain_text("1 submodule is not fetched")

        # Somebody looks at an earlier commit in a terminal.
        git(tree, "-c", "core.fsmonitor=false", "checkout", "--quiet", "--force", "HEAD~1")
        server.api("POST", f"/projects/{server.api('GET', '/projects')['projects'][0]['id']}/look")
        page.reload()
        expect(panel.get_by_role("button", name="Back to main")).to_be_visible()
        panel.get_by_role("button", name="Create branch here").click()
        panel.get_by_label("Name").fill("earlier")
        picture(page, "detached")
        panel.get_by_role("button", name="Cancel").click()
        panel.get_by_role("button", name="Back to main").click()
        expect(panel.locator(".atrium-List-row[data-key$='branch main']")).to_be_visible()
        assert git(tree, "branch", "--show-current") == "main"
        assert ana.problems == []
