"""Text -> Config: the one way in, with every problem at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError
from typing_extensions import Annotated
