import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from labelmill.end_model.datamodule import to_batch
from labelmill.end_model.model import EndModel
from labelmill.end_model.module import EndModule
from labelmill.errors import TrainingError


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    X = sp.random(30, 20, density=0.3, format="csr", dtype=np.float32, rng=rng)
    return X, to_batch(X, rng.dirichlet((1, 1, 1), size=30).astype(np.float32))


def randomised(kind, quick, **changes):
    torch.manual_seed(0)
    module = EndModule(20, 3, quick(model=kind, **changes))
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    return module.eval()


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_numpy_predicts_what_torch_does(kind, batch, quick):
    module = randomised(kind, quick)
    with torch.no_grad():
        expected = torch.softmax(module(batch[1]).double(), dim=1).numpy()
    found = EndModel(kind, ("a", "b", "c"), module.export()).predict_proba(batch[0])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_the_gradient_is_that_of_dense_rows(kind, batch, quick):
    module = randomised(kind, quick)
    module.data_loss(batch[1]).backward()
    weight = module.weight.detach().clone().requires_grad_()
    scores = torch.from_numpy(batch[0].toarray()) @ weight + module.bias.detach()
    if kind == "mlp":
        scores = torch.relu(scores) @ module.out.weight.T.detach() + module.out.bias.detach()
    torch.nn.functional.cross_entropy(scores, batch[1].targets).backward()
    torch.testing.assert_close(module.weight.grad, weight.grad)


def test_an_untrained_linear_model_knows_nothing(batch, quick):
    assert EndModule(20, 3, quick()).data_loss(batch[1]).item() == pytest.approx(math.log(3))


def test_the_penalty_is_on_weights_not_on_biases(quick):
    module = EndModule(2, 2, quick(weight_decay=0.5))
    torch.nn.init.ones_(module.bias)
    assert module.penalty().item() == 0
    torch.nn.init.constant_(module.weight, 2.0)
    assert module.penalty().item() == pytest.approx(0.5 * 0.5 * 4 * 4)


def test_a_loss_that_is_no_number_says_what_to_lower(batch, quick):
    module = EndModule(20, 3, quick(learning_rate=0.25))
    torch.nn.init.constant_(module.weight, float("nan"))
    with pytest.raises(TrainingError, match=r"became nan in epoch 1\. Lower train\.learning_rate, now 0\.25"):
        module.training_step(batch[1], 0)
