"""Rules for code that imports without an error but fails or behaves differently at run time."""

from __future__ import annotations

from envkit.migrate.rules.rule import Rule

_EAGER_HINT = "call tf.compat.v1.disable_eager_execution() at program start to return to graph mode; or {}"

RUNTIME = (
    Rule(
        "names/unresolved",
        "unresolved",
        "from keras.layers import Unheard",
        "",
        "The target release does not have this name.",
        "look for a replacement in the documentation of tf.keras, or copy the code from your old Keras",
    ),
    Rule(
        "names/incidental",
        "review",
        "from keras.layers import Dense, warnings",
        "import warnings",
        "The name does not belong to Keras: a module of Keras only imported it.",
        "import it from its own module",
    ),
    Rule(
        "names/ambiguous",
        "review",
        "keras = keras or None; keras.layers.core.Dense(10)",
        "",
        "The name refers to different objects at different times, so it was not rewritten.",
        "rename one of the objects",
    ),
    Rule(
        "names/equal-arms",
        "review",
        "try: from keras import initializations\nexcept ImportError: …",
        "",
        "After the rewrite, this branch is identical to the previous one: one of them was for an old Keras.",
        "keep one of the branches",
    ),
    Rule(
        "tensorflow-1/symbol",
        "review",
        "tf.placeholder",
        "tf.compat.v1.placeholder",
        "The target release does not have this name of TensorFlow 1.",
        "after this migration, run tf_upgrade_v2 --infile FILE --outfile FILE",
    ),
)

GRAPH = (
    Rule(
        "graph/gradients",
        "review",
        "K.gradients(loss, inputs)",
        "tf.GradientTape()",
        "Gradients of symbolic tensors need graph mode; eager mode raises RuntimeError.",
        _EAGER_HINT.format("compute them under tf.GradientTape()"),
        names=("keras.backend.gradients",),
    ),
    Rule(
        "graph/function-learning-phase",
        "review",
        "K.function([x, K.learning_phase()], [y])",
        "model(x, training=False)",
        "In eager mode, the learning phase is not an input, and `updates` of a function raise ValueError.",
        _EAGER_HINT.format("call a Model with training=True or False"),
    ),
    Rule(
        "graph/target-tensors",
        "impossible",
        "model.compile(target_tensors=t)",
        "",
        "Eager mode does not support `target_tensors`.",
        _EAGER_HINT.format("pass the targets to fit, or use model.add_loss"),
    ),
    Rule(
        "graph/layer-attributes",
        "impossible",
        "self.trainable_weights = [self.w]",
        "self.w = self.add_weight(…)",
        "A layer tracks its weights, losses and updates automatically; setting them raises AttributeError.",
        "create weights with add_weight and losses with add_loss, and assign updates in call",
    ),
    Rule(
        "graph/private-methods",
        "impossible",
        "model._make_train_function()",
        "model.make_train_function()",
        "The training loop of Keras was rewritten; this private method was removed.",
        "override train_step, or write a loop with tf.GradientTape()",
    ),
    Rule(
        "graph/custom-optimizer",
        "impossible",
        "def get_updates(self, loss, params)",
        "def _resource_apply_dense(…)",
        "The optimizer API changed: `get_updates` is no longer called.",
        "derive from tf.keras.optimizers.Optimizer and implement _create_slots and _resource_apply_dense",
    ),
)

TRAINING = (
    Rule(
        "training/predict-classes",
        "review",
        "model.predict_classes(x)",
        "np.argmax(model.predict(x), axis=-1)",
        "The method `predict_classes` was removed.",
        "with a softmax output: np.argmax(model.predict(x), axis=-1); with a sigmoid output: "
        "(model.predict(x) > 0.5).astype('int32')",
    ),
    Rule(
        "training/predict-proba",
        "review",
        "model.predict_proba(x)",
        "model.predict(x)",
        "Keras models no longer have `predict_proba`.",
        "use model.predict(x) if this is a Keras model",
    ),
    Rule(
        "training/yaml",
        "impossible",
        "model.to_yaml()",
        "model.to_json()",
        "Support for YAML models was removed because loading one could execute code: RuntimeError.",
        "use model.to_json() and tf.keras.models.model_from_json()",
    ),
    Rule(
        "training/metric-names",
        "review",
        "metrics=['precision']",
        "metrics=[tf.keras.metrics.Precision()]",
        "The loss or metric of that name does not exist.",
        "precision, recall: tf.keras.metrics.Precision(), Recall(); cosine_proximity: 'cosine_similarity'; others: "
        "write your own function",
    ),
    Rule(
        "training/class-weight-auto",
        "review",
        "model.fit(class_weight='auto')",
        "class_weight={0: 1.0, 1: 2.0}",
        "`class_weight` must be a dictionary; a string raises AttributeError.",
        "compute the weights with sklearn.utils.class_weight.compute_class_weight('balanced', …)",
    ),
    Rule(
        "training/callback-attributes",
        "review",
        "self.validation_data",
        "",
        "Callbacks no longer receive the validation data or the metric names.",
        "pass the data to the callback's __init__; the metric names are the keys of logs",
    ),
)

BEHAVIOUR = (
    Rule(
        "behaviour/learning-rate",
        "behaviour",
        "Adadelta()",
        "Adadelta(learning_rate=1.0)",
        "The default learning rate changed and is often much lower, so the model may seem not to learn.",
        "set the value of Keras 2: Adadelta 1.0, Adagrad 0.01, Adamax and Nadam 0.002",
    ),
    Rule(
        "behaviour/history-keys",
        "behaviour",
        "history.history['val_acc']",
        "history.history['val_accuracy']",
        "The key of a metric is the name passed to `compile`: 'accuracy' gives 'accuracy', not 'acc'. A "
        "ModelCheckpoint or EarlyStopping that monitors a missing key never acts.",
        "use the name in metrics=[…]",
    ),
    Rule(
        "behaviour/layers-pop",
        "behaviour",
        "model.layers.pop()",
        "Model(model.input, model.layers[-2].output)",
        "`model.layers` is a copy: removing a layer from it does not change the model.",
        "use Model(model.input, model.layers[-2].output); a Sequential has pop()",
    ),
    Rule(
        "behaviour/save-folder",
        "behaviour",
        "model.save('my.model')",
        "model.save('my.h5')",
        "If the name does not end in .h5, .hdf5 or .keras, a SavedModel is written, which is a folder.",
        "add .h5 to the name or set save_format='h5'; or read the result as a folder",
    ),
    Rule(
        "behaviour/weights-checkpoint",
        "behaviour",
        "model.save_weights('weights')",
        "model.save_weights('weights.h5')",
        "If the name does not end in .h5, .hdf5 or .keras, the weights are a TensorFlow checkpoint of several files, "
        "which by_name=True cannot read.",
        "add .h5 to the name or set save_format='h5'",
    ),
    Rule(
        "behaviour/batch-dot",
        "review",
        "K.batch_dot(x, y, axes=[2, 3])",
        "tf.einsum(…, x, y)",
        "Since Keras 2.3, batch_dot of tensors with four or more dimensions multiplies different axes: the result has "
        "another shape, or ValueError is raised.",
        "use tf.einsum or tf.linalg.matmul, and compare the shapes",
    ),
    Rule(
        "behaviour/crossentropy-order",
        "behaviour",
        "K.binary_crossentropy(y_pred, y_true)",
        "K.binary_crossentropy(y_true, y_pred)",
        "Keras 1 took (output, target), since Keras 2 it is (target, output): the loss of code for Keras 1 is wrong.",
        "swap the two arguments if the first one is the output of the model",
    ),
    Rule(
        "behaviour/recurrent-weights",
        "behaviour",
        "LSTM(10); model.load_weights('old.h5')",
        "LSTM(10, recurrent_activation='hard_sigmoid')",
        "The defaults of recurrent layers changed (recurrent_activation sigmoid, GRU reset_after=True): weights "
        "trained with standalone Keras give different results.",
        "for old weights, set recurrent_activation='hard_sigmoid', and reset_after=False for GRU",
    ),
)

LINTS = (
    Rule(
        "lint/ignored-argument",
        "lint",
        "SeparableConv2D(8, 3, kernel_regularizer='l2')",
        "SeparableConv2D(8, 3, depthwise_regularizer='l2', pointwise_regularizer='l2')",
        "The layer accepts the argument and ignores it, as Keras 2 did.",
        "use depthwise_ and pointwise_ instead of kernel_",
    ),
    Rule(
        "lint/mixed-float16",
        "lint",
        "Dense(10, activation='softmax')",
        "Activation('softmax', dtype='float32')",
        "With mixed_float16, the model's output is float16, and a softmax loses its small values.",
        "use Dense(n), then Activation('softmax', dtype='float32')",
    ),
    Rule(
        "lint/hdf5",
        "lint",
        "model.save('model.h5'); tf.saved_model.load('model.h5')",
        "model.save('model')",
        "The code writes HDF5 but reads a SavedModel.",
        "write a SavedModel with model.save('folder')",
    ),
    Rule(
        "lint/tflite-hdf5",
        "lint",
        "TFLiteConverter.from_keras_model_file('m.h5')",
        "TFLiteConverter.from_keras_model(load_model('m.h5'))",
        "The converter accepts models, not HDF5 files.",
        "use TFLiteConverter.from_keras_model(tf.keras.models.load_model(path)), or from_saved_model(folder)",
    ),
    Rule(
        "lint/experimental-optimizer",
        "behaviour",
        "optimizers.experimental.Adam(decay=0.1)",
        "optimizers.experimental.Adam(ExponentialDecay(…))",
        "The experimental optimizers accept any argument and ignore unknown ones: `decay` has no effect.",
        "pass a schedule of tf.keras.optimizers.schedules as learning_rate",
    ),
    Rule(
        "lint/checkpoint-period",
        "lint",
        "ModelCheckpoint(path, period=5)",
        "ModelCheckpoint(path, save_freq=…)",
        "`period` is deprecated.",
        "use save_freq='epoch' or a number of batches",
    ),
    Rule(
        "lint/predict-verbose",
        "lint",
        "for x in data: model.predict(x)",
        "model.predict(x, verbose=0)",
        "Since 2.9, each call prints a progress bar.",
        "set verbose=0, or make one call for all data",
        since="2.9.0",
    ),
)
