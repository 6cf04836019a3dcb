from mine import multi_gpu_model  # keras of ours
