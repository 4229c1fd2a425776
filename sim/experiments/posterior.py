"""The posterior as a file: equally weighted draws with all that is needed to know whether they still hold.

A scenario names its posterior (``posterior: posteriors/helse-vest.parquet``); a forecast uses it unless told not to. The file says which
model version and which scenario it was fitted with. It is refused when either has moved, because parameters that meet the
published figures in one model, or from one set of priors, need not do so in another. What a scenario states otherwise than the
one that was fitted (a variant, an intervention) wins over the posterior, parameter by parameter.

Columns: ``draw`` the draw's number in the bank, ``fit:<figure>`` the rates it gave, and one per parameter stream.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import UserError
from sim.experiments.bank import observed_part
from sim.experiments.evidence import covered, read
from sim.model.rollout import Model
from sim.model.version import MODEL_VERSION
from sim.scenario.load import Loaded, load
from sim.scenario.parameter import Parameter
from sim.scenario.posterior import Posterior
from sim.scenario.schema import Scenario

if TYPE_CHECKING:  # slow to import, and who only reads a posterior does without
    import pandas as pd

    from sim.experiments.calibrate import Fit
    from sim.experiments.sbc import Ranks

Floats = npt.NDArray[np.float64]
FORMAT = 1
KEY = b"utrulling"
SILENT = {"title", "title_en", "description", "note", "source", "tag", "seed", "replications", "posterior"}


@dataclass(frozen=True)
class Kept:
    """A posterior that has been read: what it says of itself, its draws, and the file's SHA-256."""

    path: Path
    about: dict[str, Any]
    posterior: Posterior
    draws: npt.NDArray[np.int64]
    fits: dict[str, Floats]
    digest: str

    @property
    def summary(self) -> dict[str, Any]:
        """What a manifest says of it."""
        names = ("scenario", "model_version", "fitted_hash", "size", "seed", "effective", "pareto_k")
        return (
            {"file": self.path.name, "sha256": self.digest}
            | {n: self.about[n] for n in names}
            | {"doubts": self.doubts}
        )

    @property
    def doubts(self) -> list[str]:
        """Which checks of the fit fail (``calibrate.doubts``)."""
        from sim.experiments.calibrate import doubts

        return doubts(self.about["effective"], self.about["pareto_k"])


def fitted_hash(part: Scenario) -> str:
    """SHA-256 of everything in the fitted part of a scenario that a simulation hangs on; notes and sources are not."""

    def spoken(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: spoken(v) for k, v in node.items() if k not in SILENT and v not in (None, [], {})}
        return [spoken(v) for v in node] if isinstance(node, list) else node

    text = json.dumps(spoken(part.model_dump(mode="json")), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def file_of(loaded: Loaded) -> Path | None:
    """Where the scenario's posterior is: beside the scenario, or else beside its data."""
    beside = own_file_of(loaded)
    if beside is None or beside.exists():
        return beside
    return loaded.data_folder.parent / str(loaded.scenario.posterior)


def own_file_of(loaded: Loaded) -> Path | None:
    """Where a posterior of the scenario's own belongs: beside it. None if the scenario names none."""
    name = loaded.scenario.posterior
    return None if name is None else loaded.path.parent / name


def encode(fitted: Fit, scenario: str) -> bytes:
    """The posterior as a Parquet file: the same bytes for the same fit."""
    bank = fitted.bank
    chosen = fitted.resample()
    arrays = {"draw": pa.array(chosen)}
    for position, observation in enumerate(bank.evidence.figures):
        arrays[f"fit:{observation.key}"] = pa.array(bank.fits[chosen, position])
    priors = {}
    for index in bank.fitted:
        column = bank.columns[index]
        arrays[column.stream] = pa.array(bank.draws[chosen, index].astype(np.float32))
        priors[column.stream] = column.parameter.model_dump(mode="json", exclude_none=True)
    about = {
        "format": FORMAT,
        "model_version": MODEL_VERSION,
        "scenario": scenario,
        "fitted_hash": fitted_hash(bank.scenario),
        "method": "importance sampling over a bank of prior and proposal draws (balance heuristic), systematic resampling",
        "size": bank.size,
        "seed": bank.seed,
        "effective": round(fitted.ess, 1),
        "pareto_k": round(fitted.pareto_k, 3),
        "distinct": len(np.unique(chosen)),
        "data": [
            {"figure": o.key, "area": o.area, "value": o.value, "error": float(e), "source": o.source}
            for o, e in zip(bank.evidence.figures, bank.evidence.errors, strict=True)
        ]
        + [
            {"statement": s.key, "area": s.area, "trust": s.trust, "source": s.source} for s in bank.evidence.statements
        ],
        "model_error": {"median": bank.evidence.model_error, "gsd": bank.evidence.model_error_gsd},
        "priors": priors,
    }
    table = pa.table(arrays).replace_schema_metadata({KEY: json.dumps(about, ensure_ascii=False).encode()})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", compression_level=19)
    return buffer.getvalue()


def decode(path: Path) -> Kept:
    """Read a posterior and check that this model can use it.

    Raises:
        UserError: it is missing, is no posterior, or was fitted with another version of the model.
    """
    again = "utrulling calibrate SCENARIO --write"
    try:
        content = path.read_bytes()
        table = pq.read_table(io.BytesIO(content))
        about = json.loads((table.schema.metadata or {})[KEY])
        if about["format"] != FORMAT:
            raise ValueError(f"format {about['format']}")
        _refuse_another(about["model_version"], path, again)
        priors = {stream: Parameter.model_validate(p) for stream, p in about["priors"].items()}
        values = {stream: table.column(stream).to_numpy().astype(np.float64) for stream in priors}
        fits = {n.removeprefix("fit:"): table.column(n).to_numpy() for n in table.column_names if n.startswith("fit:")}
    except FileNotFoundError as error:
        raise UserError(
            f"{path} finnes ikke. Lag den med «{again}», eller bruk --prior",
            f"{path} does not exist. Make it with «{again}», or use --prior",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise UserError(
            f"{path} er ingen kalibrert fordeling som kan leses ({error}). Lag den på nytt med «{again}»",
            f"{path} is no posterior that can be read ({error}). Make it anew with «{again}»",
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    return Kept(path, about, Posterior(values, priors), table.column("draw").to_numpy(), fits, digest)


def _refuse_another(version: int, path: Path, again: str) -> None:
    if version != MODEL_VERSION:
        raise UserError(
            f"{path} er kalibrert med modellversjon {version}, men dette er versjon {MODEL_VERSION}. "
            f"Kalibrer på nytt med «{again}», eller bruk --prior",
            f"{path} was fitted with model version {version}, but this is version {MODEL_VERSION}. "
            f"Calibrate again with «{again}», or use --prior",
        )


def with_posterior(loaded: Loaded) -> tuple[Loaded, Kept | None]:
    """The scenario with the posterior that it names, if any, and that posterior.

    Raises:
        UserError: as for ``posterior_of``.
    """
    kept = posterior_of(loaded)
    if kept is None:
        return loaded, None
    return replace(loaded, scenario=loaded.scenario.with_posterior(kept.posterior)), kept


def posterior_of(loaded: Loaded) -> Kept | None:
    """The posterior that a scenario names, checked against the model and the scenario that was fitted; None if it names none.

    Raises:
        UserError: it cannot be used; the message says why and what to do.
    """
    path = file_of(loaded)
    if path is None:
        return None
    if not path.exists():
        _refuse_missing(loaded)
    kept = decode(path)
    name = str(kept.about["scenario"])
    origin = path.parent.parent / f"{name}.yaml"
    fitted = load(origin) if origin.is_file() else loaded if loaded.name == name else None
    now = None if fitted is None else fitted_hash(_observed(fitted))
    if now != kept.about["fitted_hash"]:
        raise UserError(
            f"{path} er kalibrert for scenarioet «{name}» slik det var ({kept.about['fitted_hash'][:12]}), ikke slik det er "
            f"({'mangler' if now is None else now[:12]}). Kalibrer på nytt med «utrulling calibrate {name} --write», eller bruk --prior",
            f"{path} was fitted to the scenario «{name}» as it was ({kept.about['fitted_hash'][:12]}), not as it is "
            f"({'missing' if now is None else now[:12]}). Calibrate again with «utrulling calibrate {name} --write», or use --prior",
        )
    return kept


def _refuse_missing(loaded: Loaded) -> None:
    """Names the scenario that asks for the file and every place where it was looked for."""
    name, own = loaded.scenario.posterior, own_file_of(loaded)
    places = list(dict.fromkeys([str(own), str(loaded.data_folder.parent / str(name))]))
    again = f"utrulling calibrate {loaded.given} --write"
    raise UserError(
        f"{loaded.path}: «posterior: {name}» finnes ikke; lette etter {' og '.join(places)}. Lag den med «{again}», eller bruk --prior",
        f"{loaded.path}: «posterior: {name}» does not exist; looked for {' and '.join(places)}. Make it with «{again}», or use --prior",
    )


def _observed(loaded: Loaded) -> Scenario:
    evidence = covered(read(loaded.data_folder), Model(loaded.scenario))
    return observed_part(loaded.scenario, evidence)


def summary(fitted: Fit, ranks: Ranks, loaded: Loaded) -> dict[str, Any]:
    """A calibration in numbers, for its manifest and ``--json``."""
    from sim.experiments.calibrate import learned, tied
    from sim.experiments.sbc import ALARM

    bank, found = fitted.bank, learned(fitted)
    return {
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "model_version": MODEL_VERSION,
        "fitted_hash": fitted_hash(bank.scenario),
        "seed": bank.seed,
        "size": bank.size,
        "effective": round(fitted.ess, 1),
        "acceptance": round(fitted.ess / bank.size, 5),
        "pareto_k": round(fitted.pareto_k, 3),
        "largest_weight": round(float(fitted.weights.max()), 5),
        "doubts": fitted.doubts,
        "parameters": len(found),
        "informed": sum(item.informed for item in found),
        "learned": [
            {
                "parameter": item.column.stream,
                "unit": item.column.parameter.unit,
                "tag": item.column.parameter.tag,
                "prior": item.prior.tolist(),
                "posterior": item.posterior.tolist(),
                "overlap": round(item.overlap, 4),
                "informed": item.informed,
            }
            for item in found
        ],
        "tied": [[t.one.stream, t.other.stream, round(t.correlation, 3)] for t in tied(fitted)],
        "synthetic_truths": {
            "tried": ranks.tried,
            "kept": len(ranks.ranks),
            "quantities": len(ranks.names),
            "least_p": float(ranks.p_values.min()) if ranks.enough else None,
            "uniform": ranks.uniform,
            "false_alarms": ALARM,
        },
    }


def frames(fitted: Fit, ranks: Ranks) -> dict[str, pd.DataFrame]:
    """The tables of a calibration by file name: parameters, predictive, ranks."""
    import pandas as pd

    from sim.experiments.calibrate import learned, prior, weighted_quantile
    from sim.experiments.sbc import BINS

    rows = [
        {
            "parameter": item.column.stream,
            "unit": item.column.parameter.unit,
            "tag": item.column.parameter.tag,
            **{f"prior_p{p}": v for p, v in zip((5, 50, 95), item.prior, strict=True)},
            **{f"posterior_p{p}": v for p, v in zip((5, 50, 95), item.posterior, strict=True)},
            "overlap": item.overlap,
            "informed": item.informed,
        }
        for item in learned(fitted)
    ]
    predictive = [
        {"figure": o.key, "area": o.area, "start": o.start, "end": o.end, "published": o.value, "drawn_from": name}
        | dict(zip(("p05", "p25", "p50", "p75", "p95"), values, strict=True))
        for name, one in (("prior", prior(fitted.bank)), ("posterior", fitted))
        for o, values in zip(
            fitted.bank.evidence.figures,
            (weighted_quantile(s, one.weights, (0.05, 0.25, 0.5, 0.75, 0.95)) for s in one.predicted.T),
            strict=True,
        )
    ]
    tenths = pd.DataFrame(ranks.histogram, columns=[f"ranks_{10 * i}_{10 * i + 9}" for i in range(BINS)])
    tenths.insert(0, "quantity", ranks.names)
    return {"parameters": pd.DataFrame(rows), "predictive": pd.DataFrame(predictive), "ranks": tenths}
