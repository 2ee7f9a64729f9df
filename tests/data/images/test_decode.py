import io

import numpy as np
import pytest
from PIL import Image

from jaxgan.data.examples import UnreadableImageError
from jaxgan.data.images.decode import channels_of, decode, to_bytes

RNG = np.random.default_rng(0)


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind,options", [("PNG", {}), ("WEBP", {"lossless": True})])
@pytest.mark.parametrize("channels", [3, 4])
def test_lossless_colour(kind, options, channels):
    pixels = RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8)
    pixels[..., 3:] = np.maximum(pixels[..., 3:], 1)  # WebP drops colours that cannot be seen.
    out = decode(encoded(Image.fromarray(pixels), kind, **options), "x")
    np.testing.assert_array_equal(out, pixels)


def test_grey():
    pixels = RNG.integers(0, 256, (5, 7), dtype=np.uint8)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(pixels)), "x")[..., 0], pixels)


def test_one_bit():
    pixels = RNG.integers(0, 2, (5, 7), dtype=np.uint8) * 255
    out = decode(encoded(Image.fromarray(pixels).convert("1")), "x")
    np.testing.assert_array_equal(out[..., 0], pixels)


def test_16_bit_grey_is_scaled():
    values = np.array([[0, 128, 257, 32768, 65278, 65535]], np.uint16)
    out = decode(encoded(Image.fromarray(values)), "x")
    np.testing.assert_array_equal(out[0, :, 0], np.rint(values[0] / 257))
    assert out[0, -1, 0] == 255


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "ICO"])
def test_kinds_that_pillow_reads(kind):
    pixels = np.full((16, 16, 3), (250, 0, 10), np.uint8)
    options = {"lossless": True} if kind == "WEBP" else {}
    out = decode(encoded(Image.fromarray(pixels), kind, **options), "x")
    np.testing.assert_array_equal(out[..., :3], pixels)


def test_an_animation_is_its_first_frame():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert decode(moving, "x")[0, 0, :3].tolist() == [255, 0, 0]


def test_float_pixels_are_unreadable():
    with pytest.raises(UnreadableImageError, match=r"x \(its pixels are floats: store 8 or 16"):
        decode(encoded(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"), "x")


def test_palette_is_rgb():
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 1], pixels[1, 0] = (250, 0, 10), (0, 130, 7)
    image = Image.fromarray(pixels).quantize(4)
    assert image.mode == "P"
    np.testing.assert_array_equal(decode(encoded(image), "x"), np.asarray(image.convert("RGB")))


def test_palette_with_transparency_is_rgba():
    image = Image.new("P", (2, 1))
    image.putpalette([9, 8, 7, 100, 110, 120])
    image.putdata([0, 1])
    out = decode(encoded(image, transparency=0), "x")
    assert out.shape == (1, 2, 4)
    assert list(out[0, :, 3]) == [0, 255]
    assert list(out[0, 1]) == [100, 110, 120, 255]


def test_grey_with_opacity_is_rgba():
    assert decode(encoded(Image.new("LA", (2, 1), (50, 60))), "x").tolist() == [
        [[50, 50, 50, 60]] * 2
    ]


def test_cmyk_jpeg_is_rgb():
    out = decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), "x")
    assert out.shape == (8, 8, 3)
    assert np.abs(out[0, 0].astype(int) - (255, 0, 0)).max() < 8


def test_exif_orientation_is_applied():
    """Orientation 6: the camera was turned, so the picture is shown a quarter turn clockwise."""
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    out = decode(encoded(Image.fromarray(pixels), "JPEG", exif=exif), "x")
    np.testing.assert_allclose(out[..., 0], np.rot90(pixels, -1), atol=3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_header_alone_tells_the_channels(tmp_path, mode):
    Image.new(mode, (3, 3)).save(tmp_path / "a.png")
    assert channels_of(tmp_path / "a.png") == decode(tmp_path / "a.png", "x").shape[-1]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", [0.0, 0.01, 0.6])
def test_cut_short(kind, kept):
    image = Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    content = encoded(image, kind)
    with pytest.raises(UnreadableImageError, match="photo 7"):
        decode(content[: int(kept * len(content))], "photo 7")


def test_to_bytes_rounds():
    values = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(to_bytes(values), np.rint(values / 257).astype(np.uint8))
