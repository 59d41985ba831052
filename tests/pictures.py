"""Pictures for tests, drawn small."""

import io

from PIL import Image, ImageDraw


def picture(width: int = 640, height: int = 360, kind: str = "PNG", shade: int = 90) -> bytes:
    """Return a picture file: a boat on water, told apart by its shade."""
    image = Image.new("RGB", (width, height), (20, shade, 160))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(10, 40, shade))
    draw.polygon(
        [(width // 4, height // 2), (3 * width // 4, height // 2), (width // 2, height // 5)],
        fill=(240, 240, shade),
    )
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def moving_gif(width: int = 200, height: int = 100) -> bytes:
    """Return a GIF of three frames, the first one red."""
    frames = [Image.new("RGB", (width, height), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=80)
    return file.getvalue()
