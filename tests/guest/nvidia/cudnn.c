/* Stands for cuDNN, and for any other library of CUDA's that only has to load. */
#include <stdlib.h>

unsigned long cudnnGetVersion(void) { return getenv("FAKE_CUDNN") ? strtoul(getenv("FAKE_CUDNN"), 0, 10) : 8100; }
