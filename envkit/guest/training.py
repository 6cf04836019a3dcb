"""Run a typical training workflow: images, a network, a falling loss, logs, a saved model and an exported one.

All files are generated and then removed: twelve dozen small pictures of vertical or horizontal bars, which a network of
a few hundred weights can distinguish. Each part is a separate observation, so a failure names its part.
"""

import shutil
import tempfile
from pathlib import Path

SIDE, PICTURES, BATCH = 32, 48, 16
EPOCHS_MAX = 30
LOSS_RATIO_MAX = 0.5  # of the first loss: a network that learns nothing stays above


class Loop:
    """The parts of the workflow in order; each uses the results of earlier ones."""

    def __init__(self, reporter):
        self.reporter, self.folder = reporter, None

    def run(self):
        """Run every part; a failure of the dataset or the training ends the workflow, since the rest needs them."""
        parts = (
            ("training.data", self.check_dataset),
            ("training.fit", self.check_fit),
            ("training.events", self.check_events),
            ("training.saved", self.check_saved_model),
            ("training.hdf5", self.check_hdf5),
            ("training.exported", self.check_tflite),
        )
        try:
            for name, part in parts:
                if self.reporter.observe(name, part) is None and name in {"training.data", "training.fit"}:
                    return
        finally:
            if self.folder:
                shutil.rmtree(str(self.folder), ignore_errors=True)

    def set_up(self):
        """Import what the parts need; this fails for a TensorFlow without Keras."""
        import numpy
        import tensorflow

        self.tf, self.numpy = tensorflow, numpy
        self.keras_3 = tensorflow.keras.Sequential.__module__.startswith("keras.src.models")
        self.folder = Path(tempfile.mkdtemp(prefix="envkit-smoke-"))

    def check_dataset(self):
        """Write pictures into one folder per class, and read them as a dataset."""
        self.set_up()
        for kind in ("lying", "standing"):
            (self.folder / "pictures" / kind).mkdir(parents=True)
            for index in range(PICTURES):
                content = self.tf.io.encode_png(self.draw_bar(index, vertical=kind == "standing")).numpy()
                (self.folder / "pictures" / kind / "{}.png".format(index)).write_bytes(content)
        dataset = self.tf.keras.utils.image_dataset_from_directory(
            str(self.folder / "pictures"),
            image_size=(SIDE, SIDE),
            batch_size=BATCH,
            seed=7,
            color_mode="grayscale",
        )
        self.names = list(dataset.class_names)
        self.batches = dataset.map(lambda x, y: (x / 255.0, y)).cache()
        images = sum(len(labels) for _, labels in self.batches)
        self.sample = next(iter(self.batches))[0]
        return {"images": int(images), "classes": self.names}

    def draw_bar(self, index, vertical):
        """Return one picture: a bar whose position, width and gray depend on the index."""
        pixels = self.numpy.zeros((SIDE, SIDE, 1), "uint8")
        offset, width = 3 + index * 5 % (SIDE - 10), 2 + index % 4
        if vertical:
            pixels[:, offset : offset + width] = 120 + index
        else:
            pixels[offset : offset + width] = 120 + index
        return pixels

    def build_network(self):
        """Build a small convolutional network that computes in float16 and outputs float32."""
        layers = self.tf.keras.layers
        return self.tf.keras.Sequential(
            [
                self.tf.keras.Input((SIDE, SIDE, 1)),
                layers.Conv2D(8, 3, strides=2, activation="relu"),
                layers.BatchNormalization(),
                layers.Conv2D(16, 3, strides=2, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(2, activation="softmax", dtype="float32"),
            ]
        )

    def check_fit(self):
        """Train with mixed precision until the loss has fallen enough."""
        keras = self.tf.keras
        keras.utils.set_random_seed(7)
        keras.mixed_precision.set_global_policy("mixed_float16")
        self.model = self.build_network()
        self.model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])

        class StopOnLoss(keras.callbacks.Callback):
            """Stop once the loss has fallen enough."""

            def on_epoch_end(self, _epoch, logs=None):
                history = self.model.history.history.get("loss", [])
                if history and logs["loss"] < LOSS_RATIO_MAX * history[0]:
                    self.model.stop_training = True

        board = keras.callbacks.TensorBoard(str(self.folder / "logs"), write_graph=False, profile_batch=0)
        history = self.model.fit(self.batches, epochs=EPOCHS_MAX, verbose=0, callbacks=[board, StopOnLoss()])
        losses = [float(loss) for loss in history.history["loss"]]
        self.baseline = self.model.predict(self.sample, verbose=0)
        return {
            "policy": keras.mixed_precision.global_policy().name,
            "losses": [round(loss, 4) for loss in losses],
            "fallen": losses[-1] < LOSS_RATIO_MAX * losses[0],
            "output": str(self.baseline.dtype),
        }

    def check_events(self):
        """Read the events that training wrote for TensorBoard."""
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        folders = sorted({str(path.parent) for path in (self.folder / "logs").rglob("events.out.*")})
        steps = {}
        for folder in folders:
            accumulator = EventAccumulator(folder)
            accumulator.Reload()
            for tag in (*accumulator.Tags()["scalars"], *accumulator.Tags()["tensors"]):
                steps[tag] = len(
                    accumulator.Tensors(tag) if tag in accumulator.Tags()["tensors"] else accumulator.Scalars(tag)
                )
        return {"steps": steps, "losses": max((count for tag, count in steps.items() if "loss" in tag), default=0)}

    def check_saved_model(self):
        """Save the model as a SavedModel, load it, and compare predictions. Keras 3 calls that an export."""
        path = str(self.folder / "model")
        if self.keras_3:
            self.model.export(path, verbose=False)
            model = self.tf.saved_model.load(path)  # keep a reference: its variables are freed with it
            predictions = model.serve(self.sample).numpy()
        else:
            self.model.save(path)
            predictions = self.tf.keras.models.load_model(path).predict(self.sample, verbose=0)
        return {"keras": 3 if self.keras_3 else 2, "largest_error": self.max_difference(predictions)}

    def check_hdf5(self):
        """Save the model as HDF5, load it, and compare predictions."""
        path = str(self.folder / "model.h5")
        self.model.save(path)
        model = self.tf.keras.models.load_model(path)
        return {"largest_error": self.max_difference(model.predict(self.sample, verbose=0))}

    def max_difference(self, predictions):
        """Return the largest difference from the trained model's predictions."""
        return float(self.numpy.max(self.numpy.abs(predictions - self.baseline)))

    def check_tflite(self):
        """Export to TFLite through float32, and compare predictions."""
        content = to_tflite(self.tf, self.model)
        interpreter = self.tf.lite.Interpreter(model_content=content)
        input_info, output_info = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        outputs = []
        interpreter.resize_tensor_input(input_info["index"], [1, SIDE, SIDE, 1])
        interpreter.allocate_tensors()
        for image in self.sample.numpy():
            interpreter.set_tensor(input_info["index"], image[None].astype("float32"))
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(output_info["index"])[0])
        outputs = self.numpy.stack(outputs)
        agreement = self.numpy.mean(self.numpy.argmax(outputs, -1) == self.numpy.argmax(self.baseline, -1))
        operations = interpreter._get_ops_details()  # noqa: SLF001 - there is no public API
        flex = [operation["op_name"] for operation in operations if operation["op_name"].startswith("Flex")]
        return {
            "bytes": len(content),
            "largest_error": self.max_difference(outputs),
            "agreement": float(agreement),
            "flex": sorted(set(flex)),
        }


def to_tflite(tf, model):
    """Convert a model to TFLite, which has no mixed precision: the same weights go into a float32 model."""
    keras = tf.keras
    previous_policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        float32_model = model.__class__.from_config(to_float32(model.get_config()))
        float32_model.set_weights(model.get_weights())  # mixed precision keeps weights in float32
    finally:
        keras.mixed_precision.set_global_policy(previous_policy)
    folder = tempfile.mkdtemp(prefix="envkit-export-")
    try:
        path = str(Path(folder, "model"))
        if hasattr(float32_model, "export"):
            float32_model.export(path)
        else:
            float32_model.save(path, include_optimizer=False)
        return tf.lite.TFLiteConverter.from_saved_model(path).convert()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def to_float32(config):
    """Replace mixed precision policies by float32 in a model's config."""
    if isinstance(config, dict):
        name = str((config.get("config") or {}).get("name", "")) if "class_name" in config else ""
        if config.get("class_name") in ("Policy", "DTypePolicy") and name.startswith("mixed_"):
            return "float32"
        return {key: to_float32(value) for key, value in config.items()}
    if isinstance(config, tuple):
        return tuple(to_float32(item) for item in config)
    return [to_float32(item) for item in config] if isinstance(config, list) else config


def report_training(reporter):
    """Run the training workflow."""
    Loop(reporter).run()
