"""`croze score`: one network, any proxies."""

from __future__ import annotations

from typing import Annotated

import typer

from croze.cli.options import (
    MAX_SEED,
    Augment,
    BatchSize,
    Data,
    Json,
    MicroBatch,
    ReferenceName,
    Sampling,
    SpaceCells,
    SpaceChannels,
    SpaceLayers,
)


def score(
    model: Annotated[
        str | None, typer.Option(metavar="FILE.py:FUNCTION", help="Your own network; instead of --arch.")
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            help="An architecture of --space in its own notation, or a name of `croze list genotypes`."
        ),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="Search space; `croze list spaces` names them, FILE.py:CLASS is one of yours.  "
            "[default: nasbench201, or that of a named genotype]"
        ),
    ] = None,
    data: Data = "digits",
    proxies: Annotated[
        str, typer.Option(help="Comma-separated; `croze list` names proxies and aggregates.")
    ] = "croze-robust,params,live-params,flops",
    batch_size: BatchSize = 8,
    sampling: Sampling = "balanced",
    augment: Augment = False,
    micro_batch: MicroBatch = None,
    reference: ReferenceName = "nasbench201",
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Random seed of weights, batch and noise.")
    ] = 0,
    normalises_input: Annotated[
        bool,
        typer.Option(
            "--normalises-input", help="The model takes pixels in [0, 1] and normalises them itself."
        ),
    ] = False,
    channels: SpaceChannels = None,
    cells: SpaceCells = None,
    layers: SpaceLayers = None,
    show_layers: Annotated[
        bool, typer.Option("--show-layers", help="Print every layer's terms as well.")
    ] = False,
    json: Json = None,
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
            "Name either a network of yours (--model FILE.py:FUNCTION) or an architecture (--arch)."
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
