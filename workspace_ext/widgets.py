"""Controls of a notebook and of the dashboard made from it. A widget's value is one of its choices, never free text.

The value is, in this order: what the dashboard asked for (`override`, or `ATRIUM_WIDGETS`); what somebody picked in
this kernel (`set`); papermill's parameter of that name; the default; the first choice.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workspace_ext.errors import WidgetError

__all__ = ["dropdown", "override", "set", "values"]

MIME = "application/vnd.atrium.widget+json"

Value = str | int | float | bool


@dataclass
class Dropdown:
    """One choice of several.

    Attributes:
        injected: What papermill (or the person) had put into the variable of that name before the widget was made.
    """

    name: str
    label: str
    choices: list[Value]
    value: Value
    injected: Any

    def as_dict(self) -> dict[str, Any]:
        """The form that the front end draws."""
        return {
            "name": self.name,
            "kind": "dropdown",
            "label": self.label,
            "choices": self.choices,
            "value": self.value,
        }


_dropdowns: dict[str, Dropdown] = {}
_picked: dict[str, Value] = {}
_overrides: dict[str, Any] | None = None


def dropdown(name: str, choices: Any, default: Any = None, label: str | None = None) -> Value:
    """Show a list of choices and return the one that is chosen now.

    Args:
        name: A Python name, also that of the parameter in `ws.sql("... = $name")`.
        choices: A list, a Series, or a data frame of one column such as `ws.sql("SELECT DISTINCT ...")` gives.
            Repeated and missing values are left out. A frame's are sorted, unless its query says ORDER BY.
            Dates become text such as "2026-11-16".
        default: The choice before anybody chooses; the first one if left out.
        label: What people read; made from the name if left out.

    Returns:
        The value, of the type that the choices have.

    Raises:
        WidgetError: There are no choices, or the value asked for is not among them.
    """
    if not isinstance(name, str) or not name.isidentifier():
        raise WidgetError(f"{name!r} cannot be the name of a widget.", 'Use a Python name, such as "store".')
    options = _options(name, choices)
    known = _dropdowns.get(name)
    injected = known.injected if known else _user_variable(name)
    value = _current(name, options, default, injected)
    widget = Dropdown(name, label or name.replace("_", " ").capitalize(), options, value, injected)
    _dropdowns[name] = widget
    _show(widget)
    return value


def set(name: str, value: Any) -> Value:
    """Pick a value in this kernel; the widget returns it when its cell runs next.

    Raises:
        WidgetError: The widget is there, and the value is not among its choices.
    """
    widget = _dropdowns.get(name)
    picked = _choice(name, value, widget.choices) if widget else _plain(value)
    _picked[name] = picked
    if widget:
        widget.value = picked
    return picked


def override(values: Mapping[str, Any] | None) -> None:
    """Replace what a dashboard asks of all widgets at once; None goes back to what the process was started with."""
    global _overrides
    _overrides = None if values is None else dict(values)


def values() -> dict[str, Value]:
    """The current value of every widget that this process has made, by name."""
    return {name: widget.value for name, widget in _dropdowns.items()}


def _current(name: str, options: list[Value], default: Any, injected: Any) -> Value:
    asked = _asked()
    if name in asked:
        return _choice(name, asked[name], options)
    if name in _picked and _picked[name] in options:
        return _choice(name, _picked[name], options)
    if injected is not None:
        try:
            return _choice(name, injected, options)
        except WidgetError:
            pass  # A variable that merely has the same name.
    return options[0] if default is None else _choice(name, default, options)


def _asked() -> dict[str, Any]:
    if _overrides is not None:
        return _overrides
    told = os.environ.get("ATRIUM_WIDGETS", "")
    try:
        asked = json.loads(told or "{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise WidgetError("ATRIUM_WIDGETS is not a JSON object of values by name.")
    return asked


def _options(name: str, choices: Any) -> list[Value]:
    from_frame = hasattr(choices, "columns")
    is_ordered = not hasattr(choices, "dtype") and not from_frame
    is_ordered = is_ordered or bool(getattr(choices, "attrs", {}).get("atrium.ordered"))
    if from_frame:
        if len(choices.columns) != 1:
            raise WidgetError(
                f"The choices of {name!r} come from a frame of {len(choices.columns)} columns; it takes one.",
                'Select one, for example frame["store"].',
            )
        choices = choices[choices.columns[0]]
    if isinstance(choices, (str, bytes)) or not isinstance(choices, Iterable):
        raise WidgetError(f"The choices of {name!r} must be a list, a Series or a frame of one column.")
    plain = [_plain(each) for each in choices if not _is_missing(each)]
    options = _days(list(dict.fromkeys(plain)))
    if not options:
        raise WidgetError(
            f"The widget {name!r} has nothing to choose from.",
            "Its list is empty; if it comes from a table, the table may have no rows yet.",
        )
    return options if is_ordered else sorted(options, key=lambda each: (isinstance(each, str), each))


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    # NaN, and numpy's NaT, are the values that differ from themselves.
    return (isinstance(value, float) or type(value).__name__ == "datetime64") and value != value


def _plain(value: Any) -> Value:
    """A value as JSON has it: numpy's scalars unpacked, dates in ISO 8601."""
    if type(value).__module__ == "numpy":
        value = str(value) if value.dtype.kind == "M" else value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _days(options: list[Value]) -> list[Value]:
    """Leave out the time of day where all are midnights, as days are when they come from a table."""
    midnights = ("T00:00:00", "T00:00:00.000000", "T00:00:00.000000000")
    if all(isinstance(each, str) and each[10:] in midnights and each[4:5] == "-" for each in options):
        return [str(each)[:10] for each in options]
    return options


def _choice(name: str, value: Any, options: list[Value]) -> Value:
    plain = _plain(value)
    for each in options:
        if each == plain and isinstance(each, bool) == isinstance(plain, bool):
            return each
    # Parameters of a command line arrive as text, and a day may arrive with its midnight.
    for each in options:
        if str(each) in (str(plain), str(plain).split("T00:00:00")[0]):
            return each
    shown = ", ".join(str(each) for each in options[:10]) + (", ..." if len(options) > 10 else "")
    raise WidgetError(f"{plain!r} is not a choice of the widget {name!r}.", f"Choices: {shown}.")


def _user_variable(name: str) -> Any:
    shell = _shell()
    return shell.user_ns.get(name) if shell else None


def _show(widget: Dropdown) -> None:
    if not _shell():
        return
    from IPython.display import display

    display(  # type: ignore[no-untyped-call]
        {MIME: widget.as_dict(), "text/plain": f"{widget.label}: {widget.value}"}, raw=True
    )


def _shell() -> Any:
    import sys

    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive else None
