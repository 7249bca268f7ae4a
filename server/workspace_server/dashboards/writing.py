"""Which calls write outside of the notebook: cells with one of them are never run for a viewer."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from . import syntax
from .knowledge import words

# Whatever they are called on.
METHODS = words(
    """
    commit dump executemany insert_into insertInto makedirs mkdir put_object rmdir rmtree save saveAsTable savefig
    savetxt savez send_message sendmail symlink_to to_clipboard to_delta to_excel to_feather to_gbq to_hdf to_orc
    to_parquet to_pickle to_sql to_stata to_table touch unlink upload upload_file write_bytes write_csv
    write_database write_delta write_deltalake write_excel write_html write_image write_ipc write_json
    write_ndjson write_parquet write_table write_text writelines writerow writerows
    """
)

# Also without a call: Spark's writers are attributes.
ATTRIBUTES = frozenset({"write", "writeStream", "writeTo"})

# They make text when they are given no place.
TO_A_PLACE = frozenset({"to_csv", "to_html", "to_json", "to_latex", "to_markdown", "to_string", "to_xml"})

OF_PACKAGES: dict[str, frozenset[str]] = {
    "httpx": frozenset({"delete", "patch", "post", "put"}),
    "numpy": frozenset({"save", "savetxt", "savez", "savez_compressed"}),
    "os": frozenset({"chmod", "execv", "kill", "link", "popen", "remove", "removedirs", "rename", "replace", "system"}),
    "requests": frozenset({"delete", "patch", "post", "put"}),
    "shutil": frozenset({"copy", "copy2", "copyfile", "copytree", "make_archive", "move", "rmtree"}),
    "smtplib": frozenset({"SMTP", "SMTP_SSL"}),
    "subprocess": frozenset({"Popen", "call", "check_call", "check_output", "getoutput", "run"}),
    "workspace_ext": frozenset({"write"}),
}

SQL = ("alter", "attach", "copy", "create", "delete", "drop", "insert", "merge", "replace", "truncate", "update")


def writing(node: ast.AST, origins: Mapping[str, str]) -> str:
    """What the expression writes, in the words of the code; empty if nothing."""
    if isinstance(node, ast.Attribute):
        chain = syntax.dotted(node)
        return _shown(node) if node.attr in ATTRIBUTES and chain[:1] != ["sys"] else ""
    if not isinstance(node, ast.Call):
        return ""
    # A writer may be handed to somebody else, as in `client.map(frame.to_parquet, paths)`.
    handed = [each for each in syntax.arguments(node) if isinstance(each, ast.Attribute)]
    if given := [each for each in handed if each.attr in METHODS | TO_A_PLACE]:
        return _shown(given[0])
    name = syntax.method(node.func)
    package = syntax.origin(node.func, origins)
    if isinstance(node.func, ast.Name) and not package and name != "open":
        return ""  # A function of the notebook's own, which is looked into where it is made.
    if name in METHODS or name in OF_PACKAGES.get(package, ()):
        return _shown(node.func)
    if any(isinstance(part, ast.Attribute) and writing(part, origins) for part in ast.walk(node.func)):
        return _shown(node.func)
    if name in TO_A_PLACE:
        place = any(each.arg in ("path_or_buf", "path_or_buffer", "buf") for each in node.keywords)
        return _shown(node.func) if node.args or place else ""
    if name == "open":
        return _shown(node.func) if _opens_to_write(node) else ""
    if name in ("execute", "sql") and package != "workspace_ext":
        said = [text.strip().lower() for text in syntax.texts(node)]
        return next((text.split()[0].upper() for text in said if text.startswith(SQL)), "")
    return ""


def _opens_to_write(call: ast.Call) -> bool:
    """Of `open(path, mode)` and `path.open(mode)`; a mode that is computed might be any."""
    modes = call.args[1:2] if isinstance(call.func, ast.Name) else call.args[:2]
    modes = [*modes, *(each.value for each in call.keywords if each.arg == "mode")]
    said = [syntax.text_of(each) for each in modes]
    return any(text is None or re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", text) for text in said)


def _shown(node: ast.AST) -> str:
    return ".".join(syntax.dotted(node)) or syntax.method(node)
