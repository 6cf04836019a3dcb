from mine import _obtain_input_shape  # once of keras
_obtain_input_shape(s, dim_ordering='x', include_top=True)
