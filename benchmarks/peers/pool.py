"""The image pool as in CycleGAN's papers: a Python list, with given coin flips."""


class Pool:
    def __init__(self, capacity):
        self.capacity, self.images = capacity, []

    def query(self, images, coins, slots):
        out = []
        for image, coin, slot in zip(images, coins, slots, strict=True):
            if len(self.images) < self.capacity:
                self.images.append(image)
                out.append(image)
            elif coin:
                out.append(self.images[slot])
                self.images[slot] = image
            else:
                out.append(image)
        return out
