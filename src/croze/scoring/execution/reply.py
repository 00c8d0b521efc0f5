"""What a worker sends back: one message for whatever became of an item, exceptions included."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import Any, Literal

from croze.errors import CrozeError
from croze.user_code import reason

Kind = Literal["ready", "unfit", "done", "failed"]


def packed(kind: Kind, value: Any = None) -> bytes:
    """A message. Tensors go by value, for shared memory would tie a result to the life of its worker."""
    return pickle.dumps((kind, value), protocol=pickle.HIGHEST_PROTOCOL)


def answer(function: Callable[[Any], Any], item: Any) -> bytes:
    """Call the function, and pack what it returns or raises."""
    try:
        return packed("done", function(item))
    except Exception as problem:
        return packed("failed", portable(problem))


def opened(message: bytes) -> Any:
    """What the function returned; what it raised is raised here, a CrozeError if the worker could not take it
    up.
    """
    kind, value = pickle.loads(message)
    if kind == "unfit":
        raise CrozeError(
            f"A worker could not take up its work ({reason(value)}): "
            "what it computes with must be there, and importable."
        ) from value
    if kind == "failed":
        raise value
    return value


def portable(problem: Exception) -> Exception:
    """The exception with its traceback as a note, or one that says the same when it cannot be sent."""
    story = "in a worker:\n" + "".join(traceback.format_exception(problem)).rstrip()
    try:
        pickle.loads(pickle.dumps(problem))
    except Exception:  # its class or its arguments do not travel
        problem = RuntimeError(reason(problem))
    problem.add_note(story)
    return problem
