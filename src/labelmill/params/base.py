"""What all sections of `params.yaml` share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of `params.yaml`: immutable, no key that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")
