"""Why an agent job failed."""

from models.enums import DescribedEnum


class AgentErrorCode(DescribedEnum):
    """Code of the error of an agent job."""

    PROVIDER_NOT_CONFIGURED = "PROVIDER_NOT_CONFIGURED", "The workers have no key for the provider of the model."
    PROVIDER_REFUSED = "PROVIDER_REFUSED", "The provider refused the request."
    PROVIDER_FAILED = "PROVIDER_FAILED", "The provider failed, or could not be reached, at each attempt."
    NO_PRICE = "NO_PRICE", "The setting `agents.prices` has no price of the model."
    STEPS_EXCEEDED = "STEPS_EXCEEDED", "The model would have been called more often than `maxSteps`."
    TOKENS_EXCEEDED = "TOKENS_EXCEEDED", "The next call could take more tokens than `maxTokens`, or the last one did."
    COST_EXCEEDED = "COST_EXCEEDED", "The next call could cost more than `maxCost`, or the last one did."
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED", "The next call could have cost more than `agents.monthlyBudget`."
    TIMED_OUT = "TIMED_OUT", "It ran for longer than `timeoutSeconds`, in all its runs together."
    INVALID_OUTPUT = "INVALID_OUTPUT", "The model's answer does not match `outputSchema`."
    MODEL_MISBEHAVED = "MODEL_MISBEHAVED", "The model gave no answer that can be used: the message says why."
    KEY_INVALID = "KEY_INVALID", "The API key that queued the job was revoked, has expired or was deleted."
    INTERNAL = "INTERNAL", "The server failed."
