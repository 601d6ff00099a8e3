"""Makes a tiny random Qwen2 model with its tokenizer on the spot; vLLM loads it in seconds.

Its tokens are the 256 bytes, three specials and one pair of control characters (as a GGUF has to have a merge), so a
text has as many tokens as bytes. What it says is noise, but the same noise every time.
``python tests/contract/tiny_model.py DIRECTORY`` makes one by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PAIR = "Āā"  # the bytes 0 and 1, as GPT-2 spells them
VOCABULARY = 256 + len(SPECIAL_TOKENS) + 1
HIDDEN, LAYERS, HEADS, KV_HEADS, INNER = 128, 2, 4, 2, 256  # a head of 32, the smallest that vLLM's CPU attention takes
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

Weights = dict[str, npt.NDArray[np.float32]]


def make_tiny_model(directory: Path, *, chat_template: bool = True, context: int = 512, seed: int = 0) -> Path:
    """Write a model of ``context`` positions that transformers and vLLM can load; returns ``directory``."""
    from safetensors.numpy import save_file

    directory.mkdir(parents=True, exist_ok=True)
    save_file(tiny_weights(seed), directory / "model.safetensors", metadata={"format": "pt"})
    for name, content in (
        ("config.json", _config(context)),
        ("generation_config.json", {"bos_token_id": 256, "eos_token_id": [258, 256], "pad_token_id": 256}),
        ("tokenizer.json", _tokenizer()),
        ("tokenizer_config.json", _tokenizer_config(chat_template)),
    ):
        (directory / name).write_text(json.dumps(content))
    return directory


def make_tiny_gguf(path: Path, *, context: int = 512, seed: int = 0) -> Path:
    """Write the same model as a GGUF, its matrices quantised to 8 bits; returns ``path``."""
    from gguf import GGMLQuantizationType, GGUFWriter, TokenType, quants

    writer = GGUFWriter(path, "qwen2")
    writer.add_block_count(LAYERS)
    writer.add_context_length(context)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*byte_tokens(), *SPECIAL_TOKENS, PAIR])
    writer.add_token_types([TokenType.NORMAL] * 256 + [TokenType.CONTROL] * len(SPECIAL_TOKENS) + [TokenType.NORMAL])
    writer.add_token_merges([" ".join(PAIR)])
    writer.add_eos_token_id(258)
    writer.add_bos_token_id(256)
    writer.add_pad_token_id(256)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, array in gguf_weights(seed).items():
        kind = GGMLQuantizationType.Q8_0 if array.ndim == 2 else GGMLQuantizationType.F32
        writer.add_tensor(name, quants.quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def tiny_weights(seed: int) -> Weights:
    """Random weights under the names that transformers uses, float32."""
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> npt.NDArray[np.float32]:
        return random.normal(0, 0.2, (rows, columns)).astype(np.float32)

    weights: Weights = {"model.embed_tokens.weight": matrix(VOCABULARY, HIDDEN)}
    size = HIDDEN // HEADS
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        for name, rows in (("q_proj", HIDDEN), ("k_proj", KV_HEADS * size), ("v_proj", KV_HEADS * size)):
            weights[f"{prefix}.self_attn.{name}.weight"] = matrix(rows, HIDDEN)
            weights[f"{prefix}.self_attn.{name}.bias"] = matrix(1, rows)[0]
        weights[f"{prefix}.self_attn.o_proj.weight"] = matrix(HIDDEN, HIDDEN)
        weights[f"{prefix}.mlp.gate_proj.weight"] = matrix(INNER, HIDDEN)
        weights[f"{prefix}.mlp.up_proj.weight"] = matrix(INNER, HIDDEN)
        weights[f"{prefix}.mlp.down_proj.weight"] = matrix(HIDDEN, INNER)
        weights[f"{prefix}.input_layernorm.weight"] = np.ones(HIDDEN, np.float32)
        weights[f"{prefix}.post_attention_layernorm.weight"] = np.ones(HIDDEN, np.float32)
    weights["model.norm.weight"] = np.ones(HIDDEN, np.float32)
    weights["lm_head.weight"] = matrix(VOCABULARY, HIDDEN)
    return weights


def gguf_weights(seed: int) -> Weights:
    """The same weights under GGUF's names."""
    names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output", "model.layers": "blk",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    }  # fmt: skip
    weights = {}
    for name, array in tiny_weights(seed).items():
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        weights[name] = array
    return weights


def byte_tokens() -> list[str]:
    """GPT-2's printable character for each byte."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def _config(context: int) -> dict[str, object]:
    return {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "dtype": "float32", "vocab_size": VOCABULARY,
        "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "max_position_embeddings": context, "hidden_act": "silu", "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0, "tie_word_embeddings": False, "bos_token_id": 256, "eos_token_id": 258,
    }  # fmt: skip


def _tokenizer() -> dict[str, object]:
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    vocabulary = {token: n for n, token in enumerate(byte_tokens())} | {PAIR: VOCABULARY - 1}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [{"id": 256 + n, "content": token, **special} for n, token in enumerate(SPECIAL_TOKENS)],
        "pre_tokenizer": byte_level, "decoder": byte_level,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": [" ".join(PAIR)]},
    }  # fmt: skip


def _tokenizer_config(chat_template: bool) -> dict[str, object]:
    config: dict[str, object] = {
        "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
    }  # fmt: skip
    return config | {"chat_template": CHAT_TEMPLATE} if chat_template else config


if __name__ == "__main__":
    make_tiny_model(Path(sys.argv[1]))
