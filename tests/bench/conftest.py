import pytest
from engine_build import build, made
from fake_results import make_experiment

from schatten.report.collect import Experiment


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """An experiment with three systems, two language models and two test splits."""
    return make_experiment(tmp_path_factory.mktemp("project"))
