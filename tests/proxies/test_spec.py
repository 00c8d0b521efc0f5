import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from croze.errors import CrozeError
from croze.notation import parse_items
from croze.proxies import PROXIES, parse_proxies, parse_proxy
from croze.proxies.croze.form import COMPONENTS

names = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
values = st.text(string.ascii_lowercase + string.digits + ".+", min_size=1, max_size=8)
items = st.tuples(names, st.dictionaries(names, values, max_size=3))


@given(st.lists(items, min_size=1, max_size=4), st.sampled_from(["", " "]))
def test_what_is_written_is_read(wanted, space):
    text = f",{space}".join(
        name + (f"({f',{space}'.join(f'{k}={v}' for k, v in args.items())})" if args else "")
        for name, args in wanted
    )
    assert [(item.name, item.arguments()) for item in parse_items(text)] == wanted


@given(st.text(alphabet="ab(),=- +1", max_size=20))
def test_anything_is_read_or_refused_with_a_sentence(text):
    try:
        parse_proxies(text)
    except CrozeError as problem:
        assert str(problem).endswith((".", "'"))  # noqa: PT017


forms = st.sampled_from(["croze-paper", "croze-official", "croze-positional"])
arguments = st.fixed_dictionaries(
    {},
    optional={
        "beta": st.floats(0, 100).map(repr),
        "epsilon_normalised": st.floats(0, 1).map(repr),
        "components": st.lists(st.sampled_from(COMPONENTS), min_size=1, unique=True).map("+".join),
        "perturbation": st.sampled_from(["fgsm", "pgd", "gaussian", "uniform", "none", "corruption:fog@3"]),
        "init": st.sampled_from(["default", "kaiming", "xavier"]),
    },
)


@given(forms, arguments)
def test_the_full_name_gives_the_same_proxy_back(name, given_arguments):
    text = f"{name}({','.join(f'{k}={v}' for k, v in given_arguments.items())})" if given_arguments else name
    proxy = parse_proxy(text)
    assert parse_proxy(proxy.spec) == proxy
    assert hash(proxy) == hash(parse_proxy(proxy.spec))


@pytest.mark.parametrize("name", PROXIES)
def test_metadata(name):
    kind = PROXIES[name]
    assert kind.name == name == kind().spec
    assert kind.summary
    assert kind.source
    assert kind.__doc__


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("croze", "croze-paper, croze-official, croze-positional"),
        ("croze-papper", "Unknown proxy 'croze-papper'.*croze-paper"),
        ("", "Cannot read ''"),
        ("params,,flops", "Cannot read ''"),
        ("params(", "brackets"),
        ("params)(", "brackets"),
        ("params,params", "named twice"),
        ("params(beta=1)", "takes no arguments"),
        ("croze-paper(bata=1)", "no argument 'bata'; it takes .*beta"),
        ("croze-official(gamma=0.1)", "no argument 'gamma'"),
        ("croze-paper(beta)", "write key=value"),
        ("croze-paper(beta=1,beta=2)", "key=value once"),
        ("croze-paper(beta=two)", "must be a number, got 'two'"),
        ("croze-paper(beta=nan)", "must be a number"),
        ("croze-paper(beta=-1)", "beta of croze-paper must be a number >= 0"),
        ("croze-paper(gamma=-1)", "gamma of croze-paper"),
        ("croze-paper(epsilon_normalised=-1)", "epsilon_normalised"),
        ("croze-paper(components=weights)", r"subset of features\+parameters\+gradients"),
        ("croze-paper(components=features+features)", "subset"),
        ("croze-paper(perturbation=fog)", "fgsm, pgd"),
        ("croze-paper(init=zeros)", "default, kaiming, xavier"),
    ],
)
def test_bad_names_and_arguments(text, sentence):
    with pytest.raises(CrozeError, match=sentence):
        parse_proxies(text)


def test_one_proxy_is_one():
    with pytest.raises(CrozeError, match="Expected one proxy, got 2"):
        parse_proxy("params,flops")


def test_text_and_values_may_be_mixed():
    params, te_nas = parse_proxies("params,te-nas")
    found = parse_proxies([params, "snip,rank(snip,flops)", te_nas])
    assert [proxy.spec for proxy in found] == ["params", "snip", "rank(snip,flops)", "te-nas"]
    assert found[0] is params
    assert parse_proxies(te_nas) == [te_nas]
    assert parse_proxies(proxy for proxy in (params, te_nas)) == [params, te_nas]
    assert parse_proxy(params) is params


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (3, "a name or a croze Proxy, got a int"),
        ([3], "a name or a croze Proxy, got a int"),
        ([], "at least one proxy, got none"),
        (["params", "snip,params"], "params is named twice"),
    ],
)
def test_values_that_are_no_proxies(wanted, sentence):
    with pytest.raises(CrozeError, match=sentence):
        parse_proxies(wanted)


def test_a_mistake_is_a_value_error():
    with pytest.raises(ValueError, match="Unknown proxy"):
        parse_proxies("nonsense")
