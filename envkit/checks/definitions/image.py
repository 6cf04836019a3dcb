"""Rows of the table: an image as a whole, and the loop from data to an exported model."""

from __future__ import annotations

from envkit.checks.check import Check

IMAGE = (
    Check(
        "image/runs",
        "The image can be had and run",
        "error",
        "image",
        "It is looked for on the engine, then in its registry, and started once. Of a workspace: it has to run.",
        "its name is wrong, its registry does not offer it, or the engine refused to start it",
        "docker pull, and docker run, with that image say more",
    ),
    Check(
        "image/label",
        "The tag says what is inside",
        "error",
        "image",
        "Tags of `tensorflow/tensorflow` and of envkit begin with a TensorFlow release and name the build. Both are "
        "compared with what is imported.",
        "the tag was given to another image, or a package was replaced while building",
        "build the image anew; until then name it by its id",
    ),
    Check(
        "image/packages",
        "The installed packages fit together",
        "error",
        "image",
        "`pip check` compares what each package asks for with what is installed.",
        "something was installed later without regard to what TensorFlow asks for",
        "install under constraints: pip install --constraint FILE, with what TensorFlow needs in it",
    ),
    Check(
        "image/jupyter",
        "Jupyter is there and starts",
        "error",
        "image",
        "An image whose tag promises a Jupyter has to have one on PATH that can say its version.",
        "it is not installed, or lies where PATH does not lead",
        "pip install jupyterlab, in the image",
    ),
    Check(
        "image/python",
        "The image has a Python",
        "error",
        "image",
        "The smoke test is a Python program; `python` and `python3` are tried.",
        "neither is on PATH",
        "install a Python in the image, and TensorFlow for it",
    ),
)

KERAS = (
    Check(
        "keras/data",
        "Pictures become a dataset",
        "error",
        "tensorflow",
        "`image_dataset_from_directory` reads a folder of small pictures that the test makes.",
        "reading or decoding pictures fails in this TensorFlow",
        "the message names the operation; reinstall TensorFlow and numpy together",
    ),
    Check(
        "keras/training",
        "A network trains with mixed precision",
        "error",
        "tensorflow",
        "A small convolutional network is trained under `mixed_float16`, its output in float32, until the loss has "
        "fallen to half.",
        "an operation gives wrong results, or a part of Keras is of another release",
        "the message names what failed; where there is none, reinstall TensorFlow and its keras together",
    ),
    Check(
        "keras/events",
        "TensorBoard can read what training wrote",
        "error",
        "tensorflow",
        "The event files of the training are read back with TensorBoard's own reader.",
        "TensorBoard is missing, or of another release than TensorFlow",
        "pip install the tensorboard of the same release",
    ),
    Check(
        "keras/saved-model",
        "A SavedModel predicts as the model did",
        "error",
        "tensorflow",
        "The trained model is saved as a SavedModel, loaded, and both predictions are compared.",
        "Keras and TensorFlow are of different releases",
        "install the keras that this TensorFlow asks for",
    ),
    Check(
        "keras/hdf5",
        "A model in HDF5 predicts as the model did",
        "error",
        "tensorflow",
        "The same with one HDF5 file, which needs h5py.",
        "h5py is missing or does not fit numpy",
        "install the h5py that this TensorFlow asks for",
    ),
    Check(
        "keras/tflite",
        "An exported model predicts as the model did",
        "error",
        "tensorflow",
        "A model of mixed precision does not convert as it is: its weights are put into a float32 model, which is "
        "converted and compared picture by picture.",
        "the converter is broken, or of another release",
        "docs/smoke.md shows the recipe; reinstall TensorFlow where even that fails",
    ),
)
