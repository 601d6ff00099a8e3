"""Turns requests into generations: one process per run, shared by every worker.

    protocol.py         what an engine is, and how one is registered; catalogue.py has the bundled ones
    engine_process.py   the run's side: starts the process; connection.py and relay.py ask it
    host.py             the process's side; broker.py: who asked for what, answered.py: in which order it came;
                        engine_progress.py and forecast.py: what people watch; machine.py, memory.py: what it runs on
    store.py            what was answered before; store_options.py says where, kept_answers.py has it and the store that
                        runs share, and sharing.py what this one is to generate
    vllm.py             vLLM, with vllm_setup.py around it, speculation.py for a batch's last sequences, and
                        vllm_continuing.py for trainings
    transformers.py     Hugging Face's library, with the batch in decoding.py
    openai.py           servers; replica.py is one, server_calls.py how it is called, pace.py how much it gets;
                        server_request.py, server_answer.py, server_errors.py and server_faults.py are what goes there
                        and comes back, stops.py what it lacks
    replay.py, scripted.py   answers from a file
    serve.py            a server of our own, with patient_server.py and serving_folder.py
    encoding.py         a prompt as tokens; precision.py and text_reading.py: what else holds for every model in hand
    virtual_tokens.py   soft prompts where the model is: conditioned.py, vllm_deep.py for those of keys and values, and
                        for servers prompt_embeds.py with text_embeddings.py; lora_shelf.py: LoRAs

Nothing here knows problems' tests, verdicts or pytest. Nothing heavy is imported before an engine starts: what needs
PyTorch, vLLM or a server's client imports it in its functions.
"""
