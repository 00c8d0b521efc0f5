"""`croze score`: one network, any proxies."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli import options
from croze.cli import training_options as training


def score(
    model: training.Model = None,
    arch: training.Arch = None,
    space: training.SpaceOfArch = None,
    data: options.Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated; `croze list` names proxies and aggregates.")
    ] = "croze-robust,params,live-params,flops",
    batch_size: options.BatchSize = 8,
    sampling: options.Sampling = "balanced",
    augment: options.Augment = False,
    micro_batch: options.MicroBatch = None,
    reference: options.ReferenceName = "nasbench201",
    seed: Annotated[int, options.seed_of("weights, batch and noise")] = 0,
    normalises_input: training.NormalisesInput = False,
    channels: options.SpaceChannels = None,
    cells: options.SpaceCells = None,
    layers: options.SpaceLayers = None,
    show_layers: Annotated[
        bool, typer.Option("--show-layers", help="Also print the terms of every layer.")
    ] = False,
    json: options.Json = None,
) -> None:
    """Score one network: your own (--model FILE.py:FUNCTION) or one of a space (--arch)."""
    import sys
    from contextlib import redirect_stdout

    from croze.cli.output import console, emit_json
    from croze.data import load_batch
    from croze.errors import CrozeError
    from croze.nn.seeding import single_thread
    from croze.provenance import provenance
    from croze.proxies import parse_proxies
    from croze.proxies.reference import load_reference
    from croze.scoring.evaluator import Evaluator
    from croze.scoring.score import score_all
    from croze.scoring.table import layer_table, score_table
    from croze.spaces import open_space
    from croze.spaces.genotypes import parse_or_suggest, resolve
    from croze.training.network import load_model

    if (model is None) == (arch is None):
        raise CrozeError(
            "Give either your own network (--model FILE.py:FUNCTION) or an architecture (--arch)."
        )
    chosen = parse_proxies(proxies)
    load_reference(reference)  # a wrong name is found before anything is computed
    batch = load_batch(data, size=batch_size, seed=seed, sampling=sampling, augment=augment)
    with single_thread(), redirect_stdout(sys.stderr):  # standard output is for the result alone
        if model is not None:
            found = score_all(
                load_model(model, seed),
                batch,
                chosen,
                seed=seed,
                normalises_input=normalises_input or None,
                micro_batch=micro_batch,
                reference=reference,
            )
        else:
            space, text = resolve(arch or "", space)
            opened = open_space(space, channels=channels, cells=cells, layers=layers)
            evaluator = Evaluator(opened, batch, seed, micro_batch)
            found = evaluator.scores(str(parse_or_suggest(opened, text)), chosen, reference)

    out = console(json)
    out.print(score_table(found, f"{model or arch} on {len(batch)} images of {data}, seed {seed}"))
    for one in found:
        if show_layers and one.layers:
            out.print(layer_table(one))
    emit_json(
        json,
        {
            "scores": [one.to_json() for one in found],
            "network": model or arch,
            "data": data,
            "images": len(batch),
            "batch": batch.digest(),
            "seed": seed,
            "provenance": provenance(),
        },
    )
    if not any(one.ok for one in found):
        raise typer.Exit(1)
