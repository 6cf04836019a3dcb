"""Rules for names that need a replacement by hand or have no successor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envkit.migrate.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONV_PREFIXES = ("keras.layers.", "keras.layers.convolutional.")
_LAYERS = "tensorflow.keras.layers"
_IMAGENET_UTILS = "keras.applications.imagenet_utils"
_INITIALIZERS = "tensorflow.keras.initializers"
_REGULARIZERS = "tensorflow.keras.regularizers"
_VENDOR_HINT = "copy the needed code from your old Keras into your project"


def _qualify_names(prefixes: tuple[str, ...], *names: str) -> tuple[str, ...]:
    return tuple(prefix + name for prefix in prefixes for name in names)


def _qualify_moves(prefixes: tuple[str, ...], names: Mapping[str, str]) -> dict[str, str]:
    return {prefix + old: new for prefix in prefixes for old, new in names.items()}


REVIEW = (
    Rule(
        "layers/merge-class",
        "review",
        "Sequential([Merge([a, b], mode='concat')])",
        "concatenate([a.output, b.output])",
        "The layer `Merge`, which joined models in a Sequential, was removed.",
        "use the functional API: concatenate, add, multiply … on the outputs of the models, then Model(…)",
        names=_qualify_names(
            (
                "keras.layers.",
                "keras.layers.core.",
                "keras.layers.merge.",
                "keras.engine.topology.",
                "keras.engine.",
                "keras.legacy.layers.",
            ),
            "Merge",
        ),
    ),
    Rule(
        "layers/deconvolution",
        "review",
        "Deconvolution2D(64, 3, 3, output_shape=s)",
        "Conv2DTranspose(64, (3, 3))",
        "Deconvolution layers were renamed to Conv2DTranspose and compute their output shape automatically.",
        "use Conv2DTranspose(filters, (rows, columns), strides=…, padding=…) without output_shape",
        moves=_qualify_moves(
            _CONV_PREFIXES,
            {
                "Deconvolution2D": f"{_LAYERS}.Conv2DTranspose",
                "Deconv2D": f"{_LAYERS}.Conv2DTranspose",
                "Deconvolution3D": f"{_LAYERS}.Conv3DTranspose",
                "Deconv3D": f"{_LAYERS}.Conv3DTranspose",
            },
        ),
    ),
    Rule(
        "layers/atrous",
        "mechanical",
        "AtrousConvolution2D(64, 3, 3, atrous_rate=(2, 2))",
        "Conv2D(64, (3, 3), dilation_rate=(2, 2))",
        "Atrous convolution is now an argument of convolution layers.",
        "use Conv1D or Conv2D with dilation_rate=",
        moves=_qualify_moves(
            _CONV_PREFIXES,
            {
                "AtrousConvolution1D": f"{_LAYERS}.Conv1D",
                "AtrousConvolution2D": f"{_LAYERS}.Conv2D",
                "AtrousConv1D": f"{_LAYERS}.Conv1D",
                "AtrousConv2D": f"{_LAYERS}.Conv2D",
            },
        ),
    ),
    Rule(
        "layers/cudnn",
        "review",
        "CuDNNLSTM(64)",
        "LSTM(64)",
        "LSTM and GRU use cuDNN automatically if their arguments allow it.",
        "check the other arguments; to load old weights, use tf.compat.v1.keras.layers.CuDNNLSTM",
        moves=_qualify_moves(
            ("keras.layers.", "keras.layers.cudnn_recurrent."),
            {
                "CuDNNLSTM": f"{_LAYERS}.LSTM",
                "CuDNNGRU": f"{_LAYERS}.GRU",
            },
        ),
    ),
    Rule(
        "layers/time-distributed-dense",
        "review",
        "TimeDistributedDense(10)",
        "TimeDistributed(Dense(10))",
        "The layer was removed.",
        "use TimeDistributed(Dense(units))",
        names=_qualify_names(("keras.layers.", "keras.layers.core."), "TimeDistributedDense"),
    ),
    Rule(
        "backend/session",
        "review",
        "K.set_session(tf.Session(config=config))",
        "tf.config.experimental.set_memory_growth(gpu, True)",
        "TensorFlow 2 has no sessions; this code usually limits the use of GPU memory.",
        "for gpu in tf.config.list_physical_devices('GPU'): tf.config.experimental.set_memory_growth(gpu, True); "
        "for code in graph mode, use get_session and set_session of tf.compat.v1.keras.backend",
        moves=_qualify_moves(
            ("keras.backend.", "keras.backend.tensorflow_backend."),
            {
                "get_session": "tensorflow.compat.v1.keras.backend.get_session",
                "set_session": "tensorflow.compat.v1.keras.backend.set_session",
            },
        ),
    ),
    Rule(
        "names/initializations",
        "review",
        "initializations.normal(shape, scale=0.1)",
        "initializers.RandomNormal(stddev=0.1)(shape)",
        "Initializers are classes; their instances create the weights.",
        "use initializers.RandomNormal(stddev=scale)(shape); the signature of your own function is (shape, dtype=None)",
        moves={"keras.initializations": "tensorflow.keras.initializers"}
        | _qualify_moves(
            ("keras.initializations.",),
            {
                "normal": f"{_INITIALIZERS}.RandomNormal",
                "uniform": f"{_INITIALIZERS}.RandomUniform",
                "zero": f"{_INITIALIZERS}.Zeros",
                "one": f"{_INITIALIZERS}.Ones",
                "zeros": f"{_INITIALIZERS}.Zeros",
                "ones": f"{_INITIALIZERS}.Ones",
                "identity": f"{_INITIALIZERS}.Identity",
                "orthogonal": f"{_INITIALIZERS}.Orthogonal",
                "glorot_normal": f"{_INITIALIZERS}.GlorotNormal",
                "glorot_uniform": f"{_INITIALIZERS}.GlorotUniform",
                "he_normal": f"{_INITIALIZERS}.HeNormal",
                "he_uniform": f"{_INITIALIZERS}.HeUniform",
                "lecun_uniform": f"{_INITIALIZERS}.LecunUniform",
            },
        ),
    ),
    Rule(
        "names/activity-regularizers",
        "review",
        "activity_l2(0.1)",
        "l2(0.1)",
        "Activity regularizers are the same as weight regularizers.",
        "use activity_regularizer=l1(…), l2(…) or l1_l2(…)",
        moves=_qualify_moves(
            ("keras.regularizers.",),
            {
                "activity_l1": f"{_REGULARIZERS}.l1",
                "activity_l2": f"{_REGULARIZERS}.l2",
                "activity_l1l2": f"{_REGULARIZERS}.l1_l2",
                # Unlike l1_l2, these have no penalty by default.
                "WeightRegularizer": f"{_REGULARIZERS}.L1L2",
                "ActivityRegularizer": f"{_REGULARIZERS}.L1L2",
            },
        ),
        names=("keras.regularizers.EigenvalueRegularizer",),
    ),
    Rule(
        "names/obtain-input-shape",
        "review",
        "from keras.applications.imagenet_utils import _obtain_input_shape",
        "from keras.applications.imagenet_utils import obtain_input_shape as _obtain_input_shape",
        "The function is private: Keras 2.9 has it under another name, later releases do not have it.",
        _VENDOR_HINT + "; it is short",
        until="2.13.0",
        names=(f"{_IMAGENET_UTILS}.obtain_input_shape",),
        moves={
            f"{_IMAGENET_UTILS}._obtain_input_shape": f"{_IMAGENET_UTILS}.obtain_input_shape",
        },
    ),
    Rule(
        "names/theano-kernels",
        "review",
        "convert_all_kernels_in_model(model)",
        "",
        "The function flipped the kernels of Theano weights.",
        "delete the Theano branch that calls it",
        names=_qualify_names(
            ("keras.utils.layer_utils.", "keras.utils.", "keras.utils.np_utils.", "keras.utils.conv_utils."),
            "convert_all_kernels_in_model",
            "convert_dense_weights_data_format",
            "convert_kernel",
        ),
    ),
    Rule(
        "names/layer-from-config",
        "review",
        "layer_from_config(config)",
        "layers.deserialize(config)",
        "The function was moved and renamed.",
        "use tensorflow.keras.layers.deserialize(config)",
        moves={"keras.utils.layer_utils.layer_from_config": f"{_LAYERS}.deserialize"},
    ),
)

IMPOSSIBLE = (
    Rule(
        "names/multi-gpu-model",
        "impossible",
        "multi_gpu_model(model, 2)",
        "tf.distribute.MirroredStrategy()",
        "The function was removed.",
        "build and compile the model in tf.distribute.MirroredStrategy().scope()",
        names=("keras.utils.multi_gpu_model", "keras.utils.training_utils", "keras.utils.multi_gpu_utils"),
    ),
    Rule(
        "layers/recurrent-base",
        "impossible",
        "class Own(Recurrent)",
        "class Cell(Layer); RNN(Cell())",
        "The base class of recurrent layers was removed.",
        "write a cell and pass it to tensorflow.keras.layers.RNN",
        names=_qualify_names(
            ("keras.layers.", "keras.layers.recurrent."),
            "Recurrent",
            "time_distributed_dense",
            "_time_distributed_dense",
        ),
    ),
    Rule(
        "layers/private-base",
        "impossible",
        "from keras.layers.merge import _Merge",
        "",
        "The base class is private and not in TensorFlow's public API.",
        "derive from tensorflow.keras.layers.Layer or from the closest public layer",
        names=_qualify_names(
            ("keras.layers.", "keras.layers.convolutional.", "keras.layers.pooling.", "keras.layers.merge."),
            "_Merge",
            "_Conv",
            "_Pooling1D",
            "_Pooling2D",
            "_Pooling3D",
            "_GlobalPooling1D",
            "_GlobalPooling2D",
        ),
    ),
    Rule(
        "layers/gone",
        "impossible",
        "MaxoutDense(10)",
        "",
        "The layer was removed.",
        "write a custom layer, or use Dense, Lambda and Activation",
        names=_qualify_names(
            ("keras.layers.", "keras.layers.core."), "MaxoutDense", "Highway", "Siamese", "LambdaMerge"
        ),
    ),
    Rule(
        "names/other-backends",
        "impossible",
        "from keras.backend import theano_backend",
        "",
        "TensorFlow's Keras has only one backend.",
        "delete the branch for the other backend",
        names=("keras.backend.theano_backend", "keras.backend.cntk_backend", "keras.backend.pattern_broadcast"),
    ),
    Rule(
        "names/private",
        "impossible",
        "from keras.utils import conv_utils",
        "",
        "The name is private and not in TensorFlow's public API.",
        _VENDOR_HINT,
        names=(
            "keras.legacy",
            "keras.engine.saving",
            "keras.utils.conv_utils",
            "keras.optimizers.clip_norm",
            "keras.engine.training.slice_X",
            "keras.engine.training.slice_arrays",
            "keras.engine.training._slice_arrays",
            "keras.engine.training.make_batches",
            "keras.engine.training._make_batches",
            "keras.engine.training_utils",
            "keras.engine.training.batch_shuffle",
            "keras.engine.training._batch_shuffle",
            "keras.engine.training.GeneratorEnqueuer",
            "keras.engine.training.generator_queue",
            "keras.engine.training._standardize_input_data",
            "keras.engine.training.standardize_input_data",
            "keras.engine.topology.preprocess_weights_for_loading",
            "keras.engine.topology.Node",
            "keras.engine.topology._object_list_uid",
            "keras.engine.topology.to_list",
            "keras.engine.base_layer.Node",
            "keras.engine.base_layer.disable_tracking",
            "keras.engine.topology.load_weights_from_hdf5_group",
            "keras.engine.topology.load_weights_from_hdf5_group_by_name",
            "keras.models.preprocess_weights_for_loading",
            "keras.engine.network.Node",
            "keras.utils.test_utils",
            "keras.applications.resnet50.identity_block",
            "keras.applications.resnet50.conv_block",
            "keras.datasets.cifar10.load_batch",
            "keras.datasets.cifar",
            "keras.utils.np_utils.conv_output_length",
            "keras.utils.np_utils.conv_input_length",
            "keras.utils.generic_utils.slice_arrays",
            "keras.utils.generic_utils.func_dump",
            "keras.utils.generic_utils.func_load",
            "keras.utils.generic_utils.has_arg",
            "keras.utils.generic_utils.to_list",
            "keras.utils.generic_utils.unpack_singleton",
            "keras.utils.generic_utils.get_from_module",
            "keras.utils.generic_utils.transpose_shape",
            "keras.utils.generic_utils.object_list_uid",
            "keras.utils.generic_utils.is_all_none",
            "keras.utils.layer_utils.print_summary",
            "keras.utils.layer_utils.count_params",
            "keras.utils.io_utils.ask_to_proceed_with_overwrite",
            "keras.utils.io_utils.h5dict",
            "keras.layers.recurrent._generate_dropout_mask",
            "keras.layers.recurrent._standardize_args",
            "keras.layers.core.func_load",
        ),
    ),
)
