from mine.keras import conv_utils
