"""The base class of artifacts, which reads, checks and writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schatten.errors import UserError
from schatten.runtime import files


class Artifact(BaseModel):
    """A JSON file, or a part of one.

    A field without a default is needed by a reader. One with a default may be missing, as in files
    of earlier versions. Fields that are not declared are ignored.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="constants")

    @classmethod
    def read(cls, path: Path, wrong: str | None = None) -> Self:
        """Read and check a file.

        `wrong`: the message for a file of another kind, instead of the usual one. Errors:
        `UserError` that names the file if it is missing, damaged, or of another kind.
        """
        return cls.checked(files.read_json(path), path, wrong)

    @classmethod
    def checked(cls, value: Any, path: Path, wrong: str | None = None) -> Self:
        """Return the artifact of a JSON value from the file `path`; errors as in `read`."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            usual = (
                f"{path} is not what this version of schatten writes ({place}: {first['msg']}): "
                "remove it and run again"
            )
            raise UserError(wrong or usual) from None

    def as_json(self) -> dict[str, Any]:
        """Return the fields that were given, in the order of the class; others are left out."""
        return self.model_dump(mode="json", exclude_unset=True)

    def write(self, path: Path) -> None:
        """Write the fields that were given, keys sorted, atomically."""
        files.write_json(path, self.as_json())


A = TypeVar("A", bound=Artifact)


def read(path: Path, kind: type[A]) -> A:
    """Read and check an artifact, as `kind.read` does."""
    return kind.read(path)


def read_by_name(path: Path, kind: type[A]) -> dict[str, A]:
    """Read a file that holds artifacts by name; errors as in `Artifact.read`."""
    value = files.read_json(path)
    if not isinstance(value, dict):
        raise UserError(
            f"{path} is not what this version of schatten writes (no names in it): "
            "remove it and run again"
        )
    return {name: kind.checked(one, path) for name, one in value.items()}


def write_by_name(path: Path, named: Mapping[str, Artifact]) -> None:
    """Write a file that holds artifacts by name."""
    files.write_json(path, {name: one.as_json() for name, one in named.items()})


def write_list(path: Path, listed: Sequence[Artifact]) -> None:
    """Write a file that is a list of artifacts."""
    files.write_json(path, [one.as_json() for one in listed])
