"""The loop a developer lives in: images, a network, a falling loss, logs, a saved model, an exported one.

Everything is made here and thrown away: twelve dozen little pictures of bars, standing or lying, which a network of
a few hundred weights can tell apart. Each part is a look of its own, so that what fails is named.
"""

import shutil
import tempfile
from pathlib import Path

SIDE, PICTURES, BATCH = 32, 48, 16
EPOCHS_MAX = 30
FALLEN = 0.5  # of the first loss: a network that learns nothing stays above


class Loop:
    """The parts of the loop, in order; each takes what those before it made."""

    def __init__(self, teller):
        self.teller, self.folder = teller, None

    def run(self):
        """Take every part; one that fails ends the loop, since the rest stands on it."""
        parts = (
            ("training.data", self.data), ("training.fit", self.fit), ("training.events", self.events),
            ("training.saved", self.saved), ("training.hdf5", self.hdf5), ("training.exported", self.exported),
        )
        try:
            for what, part in parts:
                if self.teller.look(what, part) is None and what in {"training.data", "training.fit"}:
                    return
        finally:
            if self.folder:
                shutil.rmtree(str(self.folder), ignore_errors=True)

    def begin(self):
        """Find what the parts need; a TensorFlow without Keras has none of it."""
        import numpy
        import tensorflow

        self.tf, self.numpy = tensorflow, numpy
        self.keras_3 = tensorflow.keras.Sequential.__module__.startswith("keras.src.models")
        self.folder = Path(tempfile.mkdtemp(prefix="envkit-smoke-"))

    def data(self):
        """Write pictures into a folder for each kind, and read them back as a dataset."""
        self.begin()
        for kind in ("lying", "standing"):
            (self.folder / "pictures" / kind).mkdir(parents=True)
            for index in range(PICTURES):
                content = self.tf.io.encode_png(self.picture(index, standing=kind == "standing")).numpy()
                (self.folder / "pictures" / kind / "{}.png".format(index)).write_bytes(content)
        dataset = self.tf.keras.utils.image_dataset_from_directory(
            str(self.folder / "pictures"), image_size=(SIDE, SIDE), batch_size=BATCH, seed=7, color_mode="grayscale",
        )
        self.names = list(dataset.class_names)
        self.batches = dataset.map(lambda x, y: (x / 255.0, y)).cache()
        images = sum(len(labels) for _, labels in self.batches)
        self.sample = next(iter(self.batches))[0]
        return {"images": int(images), "classes": self.names}

    def picture(self, index, standing):
        """Return one picture: a bar of another place, width and grey each time."""
        pixels = self.numpy.zeros((SIDE, SIDE, 1), "uint8")
        at, wide = 3 + index * 5 % (SIDE - 10), 2 + index % 4
        if standing:
            pixels[:, at:at + wide] = 120 + index
        else:
            pixels[at:at + wide] = 120 + index
        return pixels

    def network(self):
        """Return a small convolutional network; it computes in float16 and answers in float32."""
        layers = self.tf.keras.layers
        return self.tf.keras.Sequential([
            self.tf.keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax", dtype="float32"),
        ])

    def fit(self):
        """Train with mixed precision until the loss has really fallen."""
        keras = self.tf.keras
        keras.utils.set_random_seed(7)
        keras.mixed_precision.set_global_policy("mixed_float16")
        self.model = self.network()
        self.model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])

        class Enough(keras.callbacks.Callback):
            """Stops once the loss has fallen."""

            def on_epoch_end(self, _epoch, logs=None):
                history = self.model.history.history.get("loss", [])
                if history and logs["loss"] < FALLEN * history[0]:
                    self.model.stop_training = True

        board = keras.callbacks.TensorBoard(str(self.folder / "logs"), write_graph=False, profile_batch=0)
        history = self.model.fit(self.batches, epochs=EPOCHS_MAX, verbose=0, callbacks=[board, Enough()])
        losses = [float(one) for one in history.history["loss"]]
        self.before = self.model.predict(self.sample, verbose=0)
        return {
            "policy": keras.mixed_precision.global_policy().name, "losses": [round(one, 4) for one in losses],
            "fallen": losses[-1] < FALLEN * losses[0], "output": str(self.before.dtype),
        }

    def events(self):
        """Read back what training wrote for TensorBoard."""
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        folders = sorted({str(path.parent) for path in (self.folder / "logs").rglob("events.out.*")})
        steps = {}
        for folder in folders:
            read = EventAccumulator(folder)
            read.Reload()
            for tag in (*read.Tags()["scalars"], *read.Tags()["tensors"]):
                steps[tag] = len(read.Tensors(tag) if tag in read.Tags()["tensors"] else read.Scalars(tag))
        return {"steps": steps, "losses": max((count for tag, count in steps.items() if "loss" in tag), default=0)}

    def saved(self):
        """Save the model as a SavedModel, load it, and compare what both predict. Keras 3 calls that an export."""
        place = str(self.folder / "model")
        if self.keras_3:
            self.model.export(place, verbose=False)
            loaded = self.tf.saved_model.load(place)  # its variables live as long as it does
            predicted = loaded.serve(self.sample).numpy()
        else:
            self.model.save(place)
            predicted = self.tf.keras.models.load_model(place).predict(self.sample, verbose=0)
        return {"keras": 3 if self.keras_3 else 2, "largest_error": self.difference(predicted)}

    def hdf5(self):
        """Save the model as HDF5, load it, and compare."""
        place = str(self.folder / "model.h5")
        self.model.save(place)
        loaded = self.tf.keras.models.load_model(place)
        return {"largest_error": self.difference(loaded.predict(self.sample, verbose=0))}

    def difference(self, predicted):
        """Return how far predictions lie from the trained model's."""
        return float(self.numpy.max(self.numpy.abs(predicted - self.before)))

    def exported(self):
        """Export to TFLite by way of float32, and compare what the converted model predicts."""
        content = to_tflite(self.tf, self.model)
        interpreter = self.tf.lite.Interpreter(model_content=content)
        takes, gives = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        found = []
        interpreter.resize_tensor_input(takes["index"], [1, SIDE, SIDE, 1])
        interpreter.allocate_tensors()
        for one in self.sample.numpy():
            interpreter.set_tensor(takes["index"], one[None].astype("float32"))
            interpreter.invoke()
            found.append(interpreter.get_tensor(gives["index"])[0])
        found = self.numpy.stack(found)
        same = self.numpy.mean(self.numpy.argmax(found, -1) == self.numpy.argmax(self.before, -1))
        operations = interpreter._get_ops_details()  # noqa: SLF001 - there is no public way
        flex = [one["op_name"] for one in operations if one["op_name"].startswith("Flex")]
        return {
            "bytes": len(content), "largest_error": self.difference(found),
            "agreement": float(same), "flex": sorted(set(flex)),
        }


def to_tflite(tf, model):
    """Return a model in TFLite's form. TFLite knows no mixed precision: the same weights go into a float32 model."""
    keras = tf.keras
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        whole = model.__class__.from_config(in_float32(model.get_config()))
        whole.set_weights(model.get_weights())  # under mixed precision weights are float32 already
    finally:
        keras.mixed_precision.set_global_policy(before)
    folder = tempfile.mkdtemp(prefix="envkit-export-")
    try:
        place = str(Path(folder, "model"))
        if hasattr(whole, "export"):
            whole.export(place)
        else:
            whole.save(place, include_optimizer=False)
        return tf.lite.TFLiteConverter.from_saved_model(place).convert()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def in_float32(config):
    """Return a model's config with float32 wherever a layer has a policy of mixed precision."""
    if isinstance(config, dict):
        name = str((config.get("config") or {}).get("name", "")) if "class_name" in config else ""
        if config.get("class_name") in ("Policy", "DTypePolicy") and name.startswith("mixed_"):
            return "float32"
        return {key: in_float32(value) for key, value in config.items()}
    if isinstance(config, tuple):
        return tuple(in_float32(one) for one in config)
    return [in_float32(one) for one in config] if isinstance(config, list) else config


def look_at_training(teller):
    """Take every look of the loop."""
    Loop(teller).run()
