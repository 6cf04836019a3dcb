"""Checks of an image as a whole, and of the steps from data to an exported model."""

from __future__ import annotations

from envkit.checks.definitions import Check

IMAGE = (
    Check(
        "image/runs",
        "The image exists and starts",
        "error",
        "image",
        "envkit looks for the image on the engine, then in its registry, and starts it once. A workspace must be "
        "running.",
        "its name is wrong, its registry does not offer it, or the engine refused to start it",
        "docker pull and docker run with that image show more",
    ),
    Check(
        "image/label",
        "The tag matches the contents",
        "error",
        "image",
        "Tags of `tensorflow/tensorflow` and of envkit begin with a TensorFlow release and name the build. Both are "
        "compared with the imported TensorFlow.",
        "the tag was moved to another image, or a package was replaced during the build",
        "rebuild the image; until then use its id",
    ),
    Check(
        "image/packages",
        "The installed packages are compatible",
        "error",
        "image",
        "`pip check` compares the requirements of each package with the installed versions.",
        "a package was installed later, without TensorFlow's requirements as constraints",
        "install with constraints: pip install --constraint FILE, where FILE lists TensorFlow's requirements",
    ),
    Check(
        "image/jupyter",
        "Jupyter is installed and starts",
        "error",
        "image",
        "The server that a workspace would start is started (`/opt/jupyter/bin/jupyter lab`, otherwise the first "
        "`jupyter` on PATH) and its API is requested. Jupyter without a server must print its version. A tag that "
        "promises Jupyter, and an image of envkit, must have one; in other images a broken one is a warning.",
        "it is not installed, or not on PATH",
        "pip install jupyterlab, in the image",
    ),
    Check(
        "image/ssh",
        "The SSH server of a workspace starts",
        "error",
        "image",
        "Images of envkit promise SSH: `/usr/sbin/sshd` must exist and print its version. Others are not checked.",
        "openssh-server was removed from the image, or a library that it needs",
        "envkit build creates the image again; in a Dockerfile: apt-get install openssh-server",
    ),
    Check(
        "image/entrypoint",
        "The image's entrypoint runs a program",
        "warning",
        "image",
        "The smoke test itself ignores the entrypoint. Then it runs `python -c pass` through it, for at most twenty "
        "seconds. An entrypoint that starts a server accepts no program and has no result. The entrypoint of envkit's "
        "images accepts none; JupyterLab and SSH are checked instead.",
        "the entrypoint does not execute the program that it receives",
        'end the entrypoint with: exec "$@"; or reset it with ENTRYPOINT []',
    ),
    Check(
        "image/python",
        "The image has a Python",
        "error",
        "image",
        "The smoke test is a Python program; it tries `python` and `python3`. One that exists but cannot start is "
        "reported with its own message.",
        "neither is on PATH",
        "install Python in the image, and TensorFlow for it",
    ),
)

KERAS = (
    Check(
        "keras/data",
        "Image files can be loaded as a dataset",
        "error",
        "tensorflow",
        "`image_dataset_from_directory` reads a folder of small image files that the test creates.",
        "reading or decoding image files fails in this TensorFlow",
        "the message names the operation; reinstall TensorFlow and numpy together",
    ),
    Check(
        "keras/training",
        "A network trains with mixed precision",
        "error",
        "tensorflow",
        "A small convolutional network with float32 output is trained under `mixed_float16` until its loss has halved.",
        "an operation gives wrong results, or a part of Keras belongs to another release",
        "the message names what failed; if there is none, reinstall TensorFlow and its keras together",
    ),
    Check(
        "keras/events",
        "TensorBoard can read the training's event files",
        "error",
        "tensorflow",
        "The event files are read back with TensorBoard's own reader.",
        "TensorBoard is missing, or of another release than TensorFlow",
        "pip install the tensorboard of the same release",
    ),
    Check(
        "keras/saved-model",
        "A loaded SavedModel predicts the same",
        "error",
        "tensorflow",
        "The trained model is saved as a SavedModel and loaded, and both predictions are compared.",
        "Keras and TensorFlow are of different releases",
        "install the keras that this TensorFlow requires",
    ),
    Check(
        "keras/hdf5",
        "A loaded HDF5 model predicts the same",
        "error",
        "tensorflow",
        "The same with one HDF5 file, which needs h5py.",
        "h5py is missing or incompatible with numpy",
        "install the h5py that this TensorFlow requires",
    ),
    Check(
        "keras/tflite",
        "An exported TFLite model predicts the same",
        "error",
        "tensorflow",
        "A mixed-precision model cannot be converted directly: its weights are copied into a float32 model, which is "
        "converted and compared on each image.",
        "the converter is broken, or of another release",
        "docs/reference/smoke.md shows the recipe; if even that fails, reinstall TensorFlow",
    ),
)
