"""Rows of the table: code that imports well and does something else, or fails, when it runs."""

from __future__ import annotations

from envkit.migrate.rules.rule import Rule

_EAGER_HINT = "tf.compat.v1.disable_eager_execution() at the beginning of the program brings graph mode back; or {}"

RUNTIME = (
    Rule(
        "names/unresolved",
        "unresolved",
        "from keras.layers import Unheard",
        "",
        "The release aimed at has no such name.",
        "look for its successor in the documentation of tf.keras, or copy it from the Keras that you had",
    ),
    Rule(
        "names/incidental",
        "review",
        "from keras.layers import Dense, warnings",
        "import warnings",
        "The name is none of Keras: its module happened to import it.",
        "import it by itself",
    ),
    Rule(
        "names/ambiguous",
        "review",
        "keras = keras or None; keras.layers.core.Dense(10)",
        "",
        "The name means different things by turns, so that it was left as it is.",
        "give one of the things another name",
    ),
    Rule(
        "names/equal-arms",
        "review",
        "try: from keras import initializations\nexcept ImportError: …",
        "",
        "This arm and the one before it are the same after the rewrite: one of them is for a Keras that is gone.",
        "keep one of them",
    ),
    Rule(
        "tensorflow-1/symbol",
        "review",
        "tf.placeholder",
        "tf.compat.v1.placeholder",
        "The release aimed at has no such name in TensorFlow: it is of TensorFlow 1.",
        "tf_upgrade_v2 --infile FILE --outfile FILE rewrites it, after this",
    ),
)

GRAPH = (
    Rule(
        "graph/gradients",
        "review",
        "K.gradients(loss, inputs)",
        "tf.GradientTape()",
        "Gradients of symbolic tensors need graph mode: eager TensorFlow raises RuntimeError.",
        _EAGER_HINT.format("compute them under tf.GradientTape()"),
        names=("keras.backend.gradients",),
    ),
    Rule(
        "graph/function-learning-phase",
        "review",
        "K.function([x, K.learning_phase()], [y])",
        "model(x, training=False)",
        "In eager TensorFlow the learning phase is no input, and `updates` of a function are refused: ValueError.",
        _EAGER_HINT.format("call a Model, with training=True or False"),
    ),
    Rule(
        "graph/target-tensors",
        "impossible",
        "model.compile(target_tensors=t)",
        "",
        "Eager TensorFlow refuses `target_tensors`.",
        _EAGER_HINT.format("give the targets to fit, or use model.add_loss"),
    ),
    Rule(
        "graph/layer-attributes",
        "impossible",
        "self.trainable_weights = [self.w]",
        "self.w = self.add_weight(…)",
        "A layer finds its weights, losses and updates by itself; setting them raises AttributeError.",
        "make weights by add_weight, losses by add_loss, updates by assigning in call",
    ),
    Rule(
        "graph/private-methods",
        "impossible",
        "model._make_train_function()",
        "model.make_train_function()",
        "The training loop of Keras was written anew: this part of the old one is gone.",
        "override train_step, or write the loop with tf.GradientTape()",
    ),
    Rule(
        "graph/custom-optimizer",
        "impossible",
        "def get_updates(self, loss, params)",
        "def _resource_apply_dense(…)",
        "Optimizers are built in another way: `get_updates` is not called any more.",
        "derive from tf.keras.optimizers.Optimizer and write _create_slots and _resource_apply_dense",
    ),
)

TRAINING = (
    Rule(
        "training/predict-classes",
        "review",
        "model.predict_classes(x)",
        "np.argmax(model.predict(x), axis=-1)",
        "The method `predict_classes` is gone.",
        "after a softmax: np.argmax(model.predict(x), axis=-1); after a sigmoid: "
        "(model.predict(x) > 0.5).astype('int32')",
    ),
    Rule(
        "training/predict-proba",
        "review",
        "model.predict_proba(x)",
        "model.predict(x)",
        "Models of Keras have no `predict_proba` any more.",
        "model.predict(x), if this is a model of Keras",
    ),
    Rule(
        "training/yaml",
        "impossible",
        "model.to_yaml()",
        "model.to_json()",
        "Models as YAML are gone, as they could run code when they were read: RuntimeError.",
        "model.to_json() and tf.keras.models.model_from_json()",
    ),
    Rule(
        "training/metric-names",
        "review",
        "metrics=['precision']",
        "metrics=[tf.keras.metrics.Precision()]",
        "There is no loss or metric of that name.",
        "precision, recall: tf.keras.metrics.Precision(), Recall(); cosine_proximity: 'cosine_similarity'; others: a "
        "function of your own",
    ),
    Rule(
        "training/class-weight-auto",
        "review",
        "model.fit(class_weight='auto')",
        "class_weight={0: 1.0, 1: 2.0}",
        "The weights of classes are a dictionary: AttributeError.",
        "sklearn.utils.class_weight.compute_class_weight('balanced', …) computes them",
    ),
    Rule(
        "training/callback-attributes",
        "review",
        "self.validation_data",
        "",
        "Callbacks are not given the validation data any more, nor the names of the metrics.",
        "hand the data to the callback's __init__; the names are the keys of logs",
    ),
)

BEHAVIOUR = (
    Rule(
        "behaviour/learning-rate",
        "behaviour",
        "Adadelta()",
        "Adadelta(learning_rate=1.0)",
        "The default learning rate is another one, mostly far lower, so that the model seems not to learn.",
        "give it: Adadelta 1.0, Adagrad 0.01, Adamax and Nadam 0.002 are those of Keras 2",
    ),
    Rule(
        "behaviour/history-keys",
        "behaviour",
        "history.history['val_acc']",
        "history.history['val_accuracy']",
        "A metric is called what `compile` was asked for: with 'accuracy' the key is 'accuracy', not 'acc'. A "
        "ModelCheckpoint or EarlyStopping that monitors a key that is not there never acts.",
        "write the name that stands in metrics=[…] here",
    ),
    Rule(
        "behaviour/layers-pop",
        "behaviour",
        "model.layers.pop()",
        "Model(model.input, model.layers[-2].output)",
        "`model.layers` is a copy: taking a layer from it changes nothing.",
        "Model(model.input, model.layers[-2].output); Sequential has pop()",
    ),
    Rule(
        "behaviour/save-folder",
        "behaviour",
        "model.save('my.model')",
        "model.save('my.h5')",
        "Without .h5, .hdf5 or .keras at the end of the name, a SavedModel is written, which is a folder.",
        "name the file .h5, or read it as a folder; save_format='h5' forces the file",
    ),
    Rule(
        "behaviour/weights-checkpoint",
        "behaviour",
        "model.save_weights('weights')",
        "model.save_weights('weights.h5')",
        "Without .h5, .hdf5 or .keras at the end of the name, weights are a TensorFlow checkpoint of several files, "
        "which by_name=True cannot read.",
        "name the file .h5; save_format='h5' forces it",
    ),
    Rule(
        "behaviour/batch-dot",
        "review",
        "K.batch_dot(x, y, axes=[2, 3])",
        "tf.einsum(…, x, y)",
        "Since Keras 2.3, batch_dot of tensors with four dimensions or more multiplies other axes with each other: "
        "another shape comes out, or ValueError.",
        "write it with tf.einsum or tf.linalg.matmul, and compare the shapes",
    ),
    Rule(
        "behaviour/recurrent-weights",
        "behaviour",
        "LSTM(10); model.load_weights('old.h5')",
        "LSTM(10, recurrent_activation='hard_sigmoid')",
        "The defaults of recurrent layers changed (recurrent_activation sigmoid, GRU reset_after=True): weights that "
        "standalone Keras trained compute something else.",
        "for old weights: recurrent_activation='hard_sigmoid', and reset_after=False with GRU",
    ),
)

LINTS = (
    Rule(
        "lint/mixed-float16",
        "lint",
        "Dense(10, activation='softmax')",
        "Activation('softmax', dtype='float32')",
        "Under mixed_float16 the model's output is float16, in which a softmax loses its small values.",
        "Dense(n), then Activation('softmax', dtype='float32')",
    ),
    Rule(
        "lint/hdf5",
        "lint",
        "model.save('model.h5'); tf.saved_model.load('model.h5')",
        "model.save('model')",
        "HDF5 is written where a SavedModel is read.",
        "model.save('folder') writes a SavedModel",
    ),
    Rule(
        "lint/tflite-hdf5",
        "lint",
        "TFLiteConverter.from_keras_model_file('m.h5')",
        "TFLiteConverter.from_keras_model(load_model('m.h5'))",
        "The converter takes models, not HDF5 files.",
        "TFLiteConverter.from_keras_model(tf.keras.models.load_model(path)), or from_saved_model(folder)",
    ),
    Rule(
        "lint/experimental-optimizer",
        "behaviour",
        "optimizers.experimental.Adam(decay=0.1)",
        "optimizers.experimental.Adam(ExponentialDecay(…))",
        "The experimental optimizers take any argument and ignore what they do not know: `decay` has no effect.",
        "give a schedule of tf.keras.optimizers.schedules as learning_rate",
    ),
    Rule(
        "lint/checkpoint-period",
        "lint",
        "ModelCheckpoint(path, period=5)",
        "ModelCheckpoint(path, save_freq=…)",
        "`period` still works and will not for ever.",
        "save_freq='epoch', or a number of batches",
    ),
    Rule(
        "lint/predict-verbose",
        "lint",
        "for x in data: model.predict(x)",
        "model.predict(x, verbose=0)",
        "From 2.9 on, each call shows a progress bar of its own.",
        "verbose=0, or one call for all of the data",
        since="2.9.0",
    ),
)
