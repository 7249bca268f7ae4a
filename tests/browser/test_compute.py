"""The Compute panel: a cluster made, scaled, and stopped for want of work, as its maker is told."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError, expect

from tests.browser.people import Person, chromium, picture
from tests.fakes import gpus
from tests.fakes.servers import start_server

EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.mark.browser
@pytest.mark.parts
def test_a_cluster_from_the_panel(tmp_path: Path) -> None:
    path = gpus.smi(tmp_path / "bin", gpus.listed(2))
    with start_server(tmp_path / "home", PATH=path) as server, chromium() as browser:
        folder = server.home / "work" / "scratch" / "ana"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "look.ipynb").write_text(EMPTY)
        ana = Person(browser, server, "ana")
        ana.sign_in()
        page = ana.page
        page.get_by_role("tab", name="Compute").click()
        panel = page.get_by_role("region", name="Compute")
        expect(panel).to_contain_text("Open a notebook")
        page.goto(f"{server.url}lab/tree/scratch/ana/look.ipynb")
        expect(page.locator(".jp-NotebookPanel")).to_be_visible()
        if not panel.is_visible():
            page.get_by_role("tab", name="Compute").click()
        panel.locator(".atrium-Empty").get_by_role("button", name="New cluster").click()
        panel.get_by_label("Kind").select_option("Dask Gateway")
        panel.get_by_label("Address").fill("gateway.example.org")
        expect(panel.get_by_role("alert")).to_contain_text("Write it like https://gateway.example.org.")
        panel.get_by_label("Address").fill(server.url)
        panel.get_by_role("button", name="Create and attach").click()
        expect(panel.get_by_role("alert")).to_contain_text("ana keeps nothing to sign in with")
        picture(page, "compute-gateway", phone="panel", dark=True)
        panel.get_by_label("Kind").select_option("Dask on hosts over SSH")
        panel.get_by_label("Hosts").fill("10.0.0.2")
        expect(panel.get_by_role("alert")).to_contain_text("Write them like ana@10.0.0.2, ana@10.0.0.3:2222.")
        panel.get_by_label("Hosts").fill("ana@10.0.0.2, ana@10.0.0.3:2222")
        panel.get_by_role("button", name="Create and attach").click()
        expect(panel.get_by_role("alert")).to_contain_text("Add an SSH key for 10.0.0.2 in Projects → Credentials.")
        picture(page, "compute-hosts", phone="panel", dark=True)
        panel.get_by_label("Kind").select_option("Existing Dask scheduler")
        panel.get_by_label("Address").fill("tls://10.0.0.1:8786")
        expect(panel.get_by_role("alert")).to_contain_text("A scheduler that asks for TLS cannot be used yet.")
        # Of the workspace, which waits for the other side to speak.
        panel.get_by_label("Address").fill(f"tcp://{server.url.split('/')[2]}")
        panel.get_by_role("button", name="Attach", exact=True).click()
        expect(panel.get_by_role("alert")).to_contain_text("is no Dask scheduler.")
        panel.get_by_label("Kind").select_option("Existing Spark Connect server")
        expect(panel.get_by_role("alert").first).to_contain_text("Write it like sc://10.0.0.1:15002.")
        panel.get_by_label("Address").fill(f"sc://{server.url.split('/')[2]}")
        panel.get_by_role("button", name="Attach", exact=True).click()
        expect(panel.get_by_role("alert")).to_contain_text("is no Spark Connect server.")
        picture(page, "compute-server")
        panel.get_by_label("Kind").select_option("Dask")
        panel.get_by_label("GPUs").select_option("2")
        expect(panel.get_by_label("At most")).to_be_disabled()
        expect(panel.get_by_label("At most")).to_have_value("2")
        expect(panel).to_contain_text("has 2 (NVIDIA L4).")
        picture(page, "compute-gpus")
        panel.get_by_label("GPUs").select_option("None")
        panel.get_by_label("At most").fill("2")
        panel.get_by_text("More").click()
        panel.get_by_label("Memory per worker").fill("plenty")
        expect(panel.get_by_role("button", name="Create and attach")).to_be_disabled()
        panel.get_by_label("Memory per worker").fill("500MiB")
        panel.get_by_role("button", name="Create and attach").click()
        row = panel.locator(".atrium-Clusters-row", has_text="small")
        expect(row).to_contain_text("1 of 2 workers", timeout=200_000)
        expect(row).to_contain_text("1 notebook")

        # By keyboard: the row opens, and its size changes while it runs.
        # The notebook may take the focus in between, when its kernel starts again with the cluster's packages.
        shape = row.get_by_text("1-2 workers, 1 thread")
        while not shape.is_visible():
            panel.locator(".atrium-List-row").press("Enter")
            with contextlib.suppress(TimeoutError):
                shape.wait_for(timeout=2_000)
        expect(row).to_contain_text("1-2 workers, 1 thread and 500MiB each")
        expect(row).to_contain_text("It runs this notebook’s environment.")
        picture(page, "compute", dark=True)
        row.get_by_label("Workers, at least").fill("2")
        row.get_by_role("button", name="Scale").click()
        expect(row).to_contain_text("2 of 2 workers", timeout=60_000)

        # Its own pages: they bring what is new, and are no part of the workspace.
        row.get_by_role("button", name="Watch").click()
        watch = page.locator(".atrium-Watch")
        watch.get_by_role("tab", name="Workers").click()
        pages = watch.frame_locator("iframe")
        expect(pages.get_by_text("tcp://127.0.0.1").first).to_be_visible()
        picture(page, "watch", phone="main", dark=True)
        body = pages.locator("body")
        assert body.evaluate("() => self.origin") == "null"
        ask = "url => fetch(url, {credentials: 'include'}).then(() => 'open', () => 'shut')"
        assert body.evaluate(ask, f"{server.url}atrium/api/me") == "shut"
        row.get_by_role("button", name="Stop", exact=True).click()
        expect(watch.get_by_role("button", name="Start")).to_be_visible()
        row.get_by_role("button", name="Delete").click(timeout=60_000)
        expect(watch).to_contain_text("This cluster has been deleted.")
        expect(panel).to_contain_text("No clusters yet")

        made = {"notebook": "scratch/ana/look.ipynb", "kind": "dask", "maximum": 1, "idle_seconds": 1}
        server.api("POST", "/clusters", made)
        notice = page.locator(".jp-Notification-Toast, .Toastify__toast").filter(
            has_text="Stopped after 1 s without work"
        )
        expect(notice.first).to_be_visible(timeout=60_000)
        expect(panel.locator(".atrium-Clusters-row")).to_contain_text("Stopped after 1 s without work.")
        assert ana.problems == []
