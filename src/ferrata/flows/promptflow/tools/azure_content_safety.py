"""Harmful text, as Azure AI Content Safety judges it."""

from enum import Enum
from typing import Any

from ferrata.flows.contracts.connections import AzureContentSafetyConnection
from ferrata.flows.contracts.tool_errors import AzureContentSafetyInputValueError, AzureContentSafetySystemError
from ferrata.flows.promptflow._core.tool import ToolProvider, tool
from ferrata.flows.promptflow.tools.posting import NoAnswer, post

__all__ = ["AzureContentSafety", "TextCategorySensitivity", "analyze_text"]


class TextCategorySensitivity(str, Enum):  # noqa: UP042 - its text is `TextCategorySensitivity.X`, as Prompt Flow's
    """How little is enough to reject a text."""

    DISABLE = "disable"
    LOW_SENSITIVITY = "low_sensitivity"
    MEDIUM_SENSITIVITY = "medium_sensitivity"
    HIGH_SENSITIVITY = "high_sensitivity"


_MEDIUM = TextCategorySensitivity.MEDIUM_SENSITIVITY
# The least severity that is rejected, of 0, 2, 4 and 6; None: none is.
_LEAST: dict[str, int | None] = {"disable": None, "low_sensitivity": 6, "medium_sensitivity": 4, "high_sensitivity": 2}


class AzureContentSafety(ToolProvider):
    """The tool of one connection."""

    def __init__(self, connection: AzureContentSafetyConnection) -> None:
        super().__init__()
        self.connection = connection

    @tool
    def analyze_text(
        self,
        text: str,
        hate_category: TextCategorySensitivity = _MEDIUM,
        sexual_category: TextCategorySensitivity = _MEDIUM,
        self_harm_category: TextCategorySensitivity = _MEDIUM,
        violence_category: TextCategorySensitivity = _MEDIUM,
    ) -> dict[str, Any]:
        """`Accept` or `Reject`, as a whole and by category.

        Raises:
            AzureContentSafetyInputValueError: a sensitivity is none.
            AzureContentSafetySystemError: the service did not answer.
        """
        wanted = {
            "Hate": hate_category,
            "SelfHarm": self_harm_category,
            "Sexual": sexual_category,
            "Violence": violence_category,
        }
        least = {name: _least(value) for name, value in wanted.items()}
        found = _ask(self.connection, text)
        severities = _severities(found)
        actions: dict[str, str] = {}
        for name, bound in least.items():
            if name not in severities:
                raise AzureContentSafetySystemError(message=f"Can not find detection result for {name}")
            actions[name] = "Reject" if bound is not None and severities[name] >= bound else "Accept"
        rejected = "Reject" in actions.values() or bool(found.get("blocklistsMatch"))
        return {"suggested_action": "Reject" if rejected else "Accept", "action_by_category": actions}


@tool
def analyze_text(
    connection: AzureContentSafetyConnection,
    text: str,
    hate_category: TextCategorySensitivity = _MEDIUM,
    sexual_category: TextCategorySensitivity = _MEDIUM,
    self_harm_category: TextCategorySensitivity = _MEDIUM,
    violence_category: TextCategorySensitivity = _MEDIUM,
) -> dict[str, Any]:
    """`Accept` or `Reject`; raises as `AzureContentSafety.analyze_text`."""
    return AzureContentSafety(connection).analyze_text(
        text=text,
        hate_category=hate_category,
        sexual_category=sexual_category,
        self_harm_category=self_harm_category,
        violence_category=violence_category,
    )


def _least(value: Any) -> int | None:
    name = str(value.value if isinstance(value, Enum) else value)
    if name not in _LEAST:
        raise AzureContentSafetyInputValueError(
            message=f"Non-supported sensitivity: {name!r}; known are {', '.join(_LEAST)}"
        )
    return _LEAST[name]


def _ask(connection: AzureContentSafetyConnection, text: str) -> dict[str, Any]:
    url = f"{str(connection.endpoint).rstrip('/')}/contentsafety/text:analyze?api-version={connection.api_version}"
    headers = {"Ocp-Apim-Subscription-Key": str(connection.api_key)}
    try:
        return post(url, {"text": text, "blocklistNames": []}, headers)
    except NoAnswer as error:
        raise AzureContentSafetySystemError(message=f"Error in detecting content: {error}") from None


def _severities(found: dict[str, Any]) -> dict[str, int]:
    """Category -> severity; of the older versions of the API too, which name them otherwise."""
    listed = found.get("categoriesAnalysis")
    if listed is not None:
        return {str(one["category"]): int(one["severity"]) for one in listed}
    older = {"Hate": "hateResult", "SelfHarm": "selfHarmResult", "Sexual": "sexualResult", "Violence": "violenceResult"}
    return {name: int(found[key]["severity"]) for name, key in older.items() if key in found}
