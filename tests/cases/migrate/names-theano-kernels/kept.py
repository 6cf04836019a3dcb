from mine import layer_utils  # keras of ours
layer_utils.convert_all_kernels_in_model(model)
