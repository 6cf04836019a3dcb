/* Stands for NVIDIA's libcuda.so.1: answers what the environment says, in the form of the real one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}

int cuInit(unsigned flags) {
    if (number("FAKE_CRASH", 0)) abort();
    return flags ? 1 : number("FAKE_CUINIT", 0);
}

int cuDriverGetVersion(int *version) { *version = number("FAKE_CUDA", 11080); return 0; }

int cuGetErrorName(int code, const char **name) {
    static char text[40];
    const char *given = getenv("FAKE_ERROR_NAME");
    snprintf(text, sizeof text, "%s", given ? given : "CUDA_ERROR_UNKNOWN");
    *name = text;
    return code == 0;
}

int cuDeviceGetCount(int *count) { *count = number("FAKE_GPUS", 1); return 0; }

int cuDeviceGet(int *device, int index) { *device = index; return 0; }

int cuDeviceGetName(char *name, int size, int device) {
    (void)device;
    snprintf(name, size, "%s", getenv("FAKE_NAME") ? getenv("FAKE_NAME") : "NVIDIA T4");
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    const char *capability = getenv("FAKE_CAPABILITY") ? getenv("FAKE_CAPABILITY") : "7.5";
    (void)device;
    *value = attribute == 75 ? atoi(capability) : atoi(strchr(capability, '.') + 1);
    return 0;
}
