/* Fake cuDNN, and fake of any other CUDA library that only needs to load. */
#include <stdlib.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

unsigned long cudnnGetVersion(void) { return number("FAKE_CUDNN", 8100); }

int cudnnGetProperty(int which, int *value) {
    int version = (int)cudnnGetVersion();
    *value = which == 0 ? version / 1000 : which == 1 ? version / 100 % 10 : version % 100;
    return 0;
}

int cudnnCreate(void **handle) {
    *handle = number("FAKE_CUDNN_CREATE", 0) ? 0 : malloc(1);
    return number("FAKE_CUDNN_CREATE", 0);
}

int cudnnDestroy(void *handle) { free(handle); return 0; }

int cudnnSetStream(void *handle, void *stream) { (void)handle; (void)stream; return 0; }

const char *cudnnGetErrorString(int code) {
    static const char *known[] = {
        "CUDNN_STATUS_SUCCESS", "CUDNN_STATUS_NOT_INITIALIZED", "CUDNN_STATUS_ALLOC_FAILED", "CUDNN_STATUS_BAD_PARAM",
        "CUDNN_STATUS_INTERNAL_ERROR",
    };
    return code >= 0 && code < 5 ? known[code] : "CUDNN_STATUS_UNKNOWN";
}
