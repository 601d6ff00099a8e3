"""What is sent to a server, and what was learned about it: the parameters it refuses or knows by another name.

Only what was asked for is sent: no ``top_p`` of 1, no seed for greedy decoding. A server that refuses a parameter says
so (status 400 or 422); it is then left out, or renamed, for the rest of the run, and a notice tells.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_humaneval.engine.stops import essential_stops
from pytest_humaneval.sample import Request

FEW_STOPS = 4  # as many as api.openai.com allows, and vLLM's server unless VLLM_MAX_STOP_STRINGS says otherwise
TEMPLATE_FIELDS = ("continue_final_message", "add_generation_prompt")  # vLLM's, for an answer that is begun
REMOVED = object()
NO_LOGPROBS = (
    "the server gives no log-probabilities: of answers that do equally well on the examples, best_of and vote take "
    "the first that was drawn"
)

# A refusal of a value that is too large is the user's to mend; one of the parameter itself is ours.
_TOO_LARGE = re.compile(r"(?i)too (large|long|many|high)|context length|exceed|at most|less than or equal|between")
UNKNOWN = re.compile(r"(?i)unrecognized|unknown|unexpected|not permitted|extra (inputs|fields)|not supported")
_ALSO = {"stop": "stop|stop_?[sS]equences", "max_tokens": "max_tokens|max_?(?:output|new)_?tokens|maxOutputTokens"}
_NO_PREFILL = re.compile(r"(?i)prefill|(final|last) (message|role)|assistant message|end with a user|\bprefix\b")
_NO_SYSTEM = re.compile(r"(?i)system (role|message)s?( is| are)? not|not support\w* (the )?['\"`]?system|'system'")
_STREAM = re.compile(r"(?i)\bstream\b.*(true|required|must|only)|only support\w* stream|non-streaming|streaming only")


@dataclass
class Manners:
    """What a server takes. ``overrides`` are the user's own, which win; ``notices`` what was learned, for people."""

    overrides: dict[str, Any] = field(default_factory=dict)  # REMOVED: not to be sent
    left_out: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)  # in place of those that were refused
    max_stops: int = 1_000
    prefills: bool = True
    prefix_flag: bool = False  # Mistral's: a message that begins the answer has to say so
    ignores_prefill: bool = False  # takes it, and begins an answer of its own
    trims_prefill: bool = False  # takes it without white space at its end
    folds_system: bool = False
    notices: list[str] = field(default_factory=list)

    def body(self, model: str, request: Request, embeds: str = "") -> dict[str, Any]:
        """The body of one request; ``embeds`` take the place of the prompt's text, see prompt_embeds.py."""
        prompt, sampling = request.prompt, request.sampling
        if request.scored:  # the given text comes back with its own log-probabilities
            body = {"model": model, "prompt": prompt.text + request.scored, "max_tokens": 1, "temperature": 0}
            return body | {"echo": True, "logprobs": 1}
        # A server has a LoRA as a model of its own.
        sent: dict[str, Any] = {"model": prompt.adapter.name if prompt.adapter is not None else model}
        if embeds:  # vLLM's: a whole prompt, so that a chat template is applied already
            sent |= {"prompt": None, "prompt_embeds": embeds}
        elif prompt.mode == "completion":
            sent |= {"prompt": prompt.text}
        else:
            sent |= self._conversation(request)
        sent |= {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
        if sampling.top_p != 1:
            sent["top_p"] = sampling.top_p
        if not sampling.greedy:
            sent["seed"] = request.seed
        if stops := self.stops(request):
            sent["stop"] = stops
        if sampling.logprobs:  # 0 alternatives; in chat form the question is a flag
            sent["logprobs"] = 0 if embeds or prompt.mode == "completion" else True
        return self._as_taken(sent)

    def stops(self, request: Request) -> list[str]:
        """The stop strings to send: none where the answer will be searched for its beginning first."""
        if is_prefilled(request) and (self.ignores_prefill or not self.prefills):
            return []
        return essential_stops(request.prompt.stop)[: self.max_stops]

    def learn(self, message: str, parameter: str, sent: dict[str, Any]) -> bool:
        """Draw a conclusion from a refusal; False where there is none, and asking again would be refused again."""
        refused = self._refused(message, parameter, sent)
        if _STREAM.search(message) and not sent.get("stream"):
            return self._set("stream", True, "the server only streams")
        if refused == "stop":
            return self._take_fewer_stops(len(sent["stop"]))
        if refused == "max_tokens":
            return self._rename_max_tokens(message)
        if refused == "logprobs" and sent["logprobs"] == 0:
            return self._set("logprobs", 1, "")
        if refused in TEMPLATE_FIELDS:
            return self._leave_out(*TEMPLATE_FIELDS)
        if refused is not None:
            return self._leave_out(refused)
        if self._change_messages(message, sent.get("messages", [])):
            return True
        # A word about none of them: those that only vLLM knows are the likeliest.
        return TEMPLATE_FIELDS[0] in sent and bool(UNKNOWN.search(message)) and self._leave_out(*TEMPLATE_FIELDS)

    def _refused(self, message: str, parameter: str, sent: dict[str, Any]) -> str | None:
        """The parameter that a refusal is about: the one it names, of several the most dispensable."""
        order = ("logprobs", "seed", "top_p", *TEMPLATE_FIELDS, "stream_options", "stop", "temperature", "max_tokens")
        ours = [name for name in order if name in sent and name not in self.overrides]
        if parameter.split(".")[-1] in ours:
            named = [parameter.split(".")[-1]]
        else:
            named = [name for name in ours if re.search(rf"(?<!\w)(?:{_ALSO.get(name, name)})(?!\w)", message)]
        if not named:
            return None
        refused = named[0]
        wanted = refused in ("temperature", "top_p") and sent[refused] not in (0, 1)
        return None if wanted and _TOO_LARGE.search(message) and "both" not in message else refused

    def _take_fewer_stops(self, sent: int) -> bool:
        if sent > FEW_STOPS:
            self.max_stops = FEW_STOPS  # the model may run on a little; the reader of the answer cuts
            return True
        return self._leave_out("stop")

    def _rename_max_tokens(self, message: str) -> bool:
        if _TOO_LARGE.search(message) or "max_tokens" in self.renamed:
            return False
        self.renamed["max_tokens"] = "max_completion_tokens"
        self.note("the server refused max_tokens; max_completion_tokens was sent instead")
        return True

    def _change_messages(self, message: str, messages: list[dict[str, Any]]) -> bool:
        if messages and messages[0]["role"] == "system" and _NO_SYSTEM.search(message) and not self.folds_system:
            self.folds_system = True
            self.note("the server accepts no system message; it was put in front of the question")
            return True
        begun = messages[-1]["content"] if messages and messages[-1]["role"] == "assistant" else ""
        if begun[-1:].isspace() and "trailing whitespace" in message and not self.trims_prefill:
            self.trims_prefill = True
            return True
        if messages and messages[-1]["role"] == "assistant" and _NO_PREFILL.search(message):
            if "prefix" in message.lower() and not self.prefix_flag:
                self.prefix_flag = True
                return True
            self.prefills = False
            self.note("the server does not continue a begun answer; it was asked without the beginning")
            return True
        return False

    def _leave_out(self, *names: str) -> bool:
        self.left_out |= set(names)
        notes = {
            "temperature": "the server accepts no temperature but its own; none was sent, and its own applies",
            "logprobs": NO_LOGPROBS,
        }
        if names != TEMPLATE_FIELDS:  # without them the conversation still ends in the beginning of the answer
            self.note(notes.get(names[0], f"the server refused {names[0]}; it was left out"))
        return True

    def _set(self, name: str, value: Any, notice: str) -> bool:
        self.values[name] = value
        if notice:
            self.note(notice)
        return True

    def note(self, notice: str) -> None:
        """Keep a notice, once."""
        if notice not in self.notices:
            self.notices.append(notice)

    def _conversation(self, request: Request) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [asdict(message) for message in request.prompt.messages]
        if self.folds_system and messages[0]["role"] == "system" and len(messages) > 1:
            system, question, *rest = messages
            messages = [{**question, "content": f"{system['content']}\n\n{question['content']}"}, *rest]
        if not is_prefilled(request):
            return {"messages": messages}
        if not self.prefills:
            return {"messages": messages[:-1]}
        if self.trims_prefill:
            messages[-1]["content"] = messages[-1]["content"].rstrip()
        if self.prefix_flag:
            messages[-1]["prefix"] = True
            return {"messages": messages}
        # Without these, vLLM's template would begin another turn.
        return {"messages": messages, "continue_final_message": True, "add_generation_prompt": False}

    def _as_taken(self, sent: dict[str, Any]) -> dict[str, Any]:
        if "max_completion_tokens" in self.overrides:
            del sent["max_tokens"]
        changed = {name: value if value is True else self.values.get(name, value) for name, value in sent.items()}
        changed |= {name: value for name, value in self.values.items() if name == "stream"}
        taken = {self.renamed.get(name, name): each for name, each in changed.items() if name not in self.left_out}
        return {name: value for name, value in (taken | self.overrides).items() if value is not REMOVED}


def is_prefilled(request: Request) -> bool:
    """Whether the strategy begins the model's answer."""
    messages = request.prompt.messages
    return bool(messages) and messages[-1].role == "assistant"
