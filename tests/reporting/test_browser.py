"""Reports in a real browser: what a reader sees on a wide screen and on a phone, by day and by night."""

from __future__ import annotations

import pytest

SEARCH = ("search-params", "search-flops")
BENCHMARK = ("benchmark-rho", "benchmark-size", "benchmark-partial", "benchmark-differences")
CHARTS = {
    "search": ("search-progress", "cell-1", *SEARCH),
    "darts": ("search-progress", "cell-1", "cell-2", *SEARCH),
    "pareto": ("search-progress", "cell-1", "search-front-1", "search-params"),
    "unfinished": ("search-progress", "cell-1", "search-front-1"),
    "benchmark": BENCHMARK,
    "quality": (*BENCHMARK, "benchmark-cells"),
    "training": (
        "training-accuracy",
        "training-loss",
        "training-lr",
        "cell-1",
        "evaluation-attacks",
        "evaluation-epsilon-linf",
        "evaluation-corruptions",
        "evaluation-severities",
    ),
}
"""The charts of each report, in order."""

PROBE = """() => {
  const box = node => { const r = node.getBoundingClientRect();
    return {x: r.left, y: r.top, w: r.width, h: r.height, text: node.textContent}; };
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(v => linear(v / 255));
  const luminance = colour => { const [r, g, b] = parts(colour);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05); };
  const charts = [...document.querySelectorAll("[data-chart]")].map(chart => {
    const seen = [...chart.querySelectorAll("svg")].filter(svg => svg.getBoundingClientRect().width > 0);
    const svg = seen[0], ground = getComputedStyle(chart).backgroundColor;
    const texts = [...svg.querySelectorAll("text")].filter(t => t.textContent.trim());
    const labelled = texts.filter(t => !t.closest('[id*="marks"]'));
    const marks = [...svg.querySelectorAll('[id*="-marks"] path, [id*="-marks"] use, [id*="-marks"] rect')]
      .filter(mark => !mark.closest("defs"));
    const fills = marks.map(mark => { const style = getComputedStyle(mark);
      return style.fill !== "none" ? style.fill : style.stroke; });
    return {
      name: chart.dataset.chart, visible: seen.length, marks: marks.length,
      invisible: fills.filter(fill => !/^rgb/.test(fill)).length,
      frame: box(svg), card: box(chart), texts: texts.map(box),
      sizes: texts.map(t => t.getBoundingClientRect().height),
      scale: svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,
      fonts: texts.map(t => parseFloat(getComputedStyle(t).fontSize)),
      outside: labelled.filter(t => contrast(getComputedStyle(t).fill, ground) < 4.5
        && !svg.querySelector('[id*="marks-0-"]') && !/node/.test(svg.innerHTML)).map(t => t.textContent),
      heading: chart.querySelector("h3").textContent, reading: chart.querySelector(".reading").textContent,
      label: svg.closest('[role="img"]').getAttribute("aria-label"),
      rows: chart.querySelectorAll("details tbody tr").length,
    };
  });
  const ids = [...document.querySelectorAll("[id]")].map(node => node.id);
  return {charts, width: document.documentElement.scrollWidth, inner: innerWidth,
    twice: ids.filter((id, i) => ids.indexOf(id) !== i),
    ground: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color};
}"""
"""What the page shows, measured in the browser."""


def overlaps(one, other):
    """Whether two boxes share more than a line's descent."""
    across = min(one["x"] + one["w"], other["x"] + other["w"]) - max(one["x"], other["x"])
    down = min(one["y"] + one["h"], other["y"] + other["h"]) - max(one["y"], other["y"])
    return across > 1 and down > 4


@pytest.mark.parametrize("ground", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 400])
def test_every_report_is_readable(browser, pages, width, ground):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=ground)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.on("request", lambda request: asked.append(request.url))
    grounds = set()
    try:
        for name, path in pages.items():
            page.goto(path.as_uri())
            shown = page.evaluate(PROBE)
            assert said == [], name
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
            assert shown["inner"] == width
            assert shown["width"] <= width, f"{name} scrolls sideways"
            assert shown["twice"] == [], name
            grounds.add((shown["ground"], shown["ink"]))
            assert [chart["name"] for chart in shown["charts"]] == list(CHARTS[name])
            for chart in shown["charts"]:
                where = f"{name}, {chart['name']}, {width}, {ground}"
                assert chart["visible"] == 1, where
                assert chart["marks"] > 0, where
                assert chart["invisible"] == 0, where
                assert chart["label"], where
                assert chart["reading"], where
                assert chart["rows"] > 0, where
                assert min(font * chart["scale"] for font in chart["fonts"]) >= 11, where
                assert chart["outside"] == [], where
                frame = chart["card"]
                for text in chart["texts"]:
                    assert text["x"] >= frame["x"], (where, text)
                    assert text["x"] + text["w"] <= frame["x"] + frame["w"] + 1, (where, text)
                crossing = [
                    (a["text"], b["text"])
                    for i, a in enumerate(chart["texts"])
                    for b in chart["texts"][i + 1 :]
                    if overlaps(a, b)
                ]
                assert crossing == [], where
    finally:
        context.close()
    assert len(grounds) == 1


def test_the_button_turns_day_into_night_and_back(browser, pages):
    page = browser.new_page(color_scheme="light")
    try:
        page.goto(pages["search"].as_uri())

        def ground():
            return page.evaluate("getComputedStyle(document.body).backgroundColor")

        day = ground()
        page.click("#theme")
        night = ground()
        page.click("#theme")
        assert night != day == ground()
    finally:
        page.close()


def test_a_page_may_load_nothing(browser, pages):
    """The policy in the page stops what a later hand might put in."""
    page = browser.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    try:
        page.goto(pages["search"].as_uri())
        page.evaluate("const i = new Image(); i.src = 'https://example.org/x.png'; document.body.append(i)")
        page.wait_for_timeout(200)
        assert any("Content Security Policy" in text for text in said)
    finally:
        page.close()
