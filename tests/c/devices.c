/*
 * Devices encode to the CPU's blob IDs. With WALRUS_ACCEL_REQUIRE_GPU=1, a machine without a device
 * fails.
 */
#include "check.h"
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 100, LENGTH = 100000 };

static void check_engine(const sample *expected, const walrus_accel_device *device) {
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_runtime *runtime = NULL;
    walrus_accel_error *fault = UNSET(walrus_accel_error);
    walrus_accel_sliver *slivers =
        last_slivers(expected, WALRUS_ACCEL_AXIS_PRIMARY, expected->shape.rows);
    walrus_accel_decode_request request =
        decode_request_of(expected, slivers, expected->shape.rows);
    walrus_accel_decoded *decoded = NULL;
    const uint8_t *blob = NULL;
    size_t length = 0;
    sample found;
    char index[24];
    snprintf(index, sizeof index, "%llu", (unsigned long long)device->index);
    options.engine = WALRUS_ACCEL_ENGINE_GPU;
    options.device = index;
    options.no_cpu_fallback = 1;
    REQUIRE_OK(walrus_accel_runtime_new(&options, &runtime, &error));
    found = sample_new(runtime, SHARDS, 1, LENGTH);
    CHECK_BYTES(found.id, expected->id, sizeof found.id);
    CHECK_OK(walrus_accel_decode(runtime, &request, NULL, &decoded, &error));
    CHECK_OK(walrus_accel_decoded_blob(decoded, &blob, &length, &error));
    CHECK_EQUAL(length, LENGTH);
    CHECK_BYTES(blob, expected->blob, length);
    CHECK_OK(walrus_accel_runtime_device_fault(runtime, &fault, &error));
    CHECK(fault == NULL);
    CHECK(walrus_accel_decoded_free(decoded) == WALRUS_ACCEL_OK);
    sample_free(&found);
    free(slivers);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
}

static void check_device(const walrus_accel_device *device) {
    CHECK(device->kind >= WALRUS_ACCEL_DEVICE_DISCRETE &&
          device->kind <= WALRUS_ACCEL_DEVICE_SOFTWARE);
    REQUIRE(device->name && device->backend && device->driver && device->bus);
    CHECK(*device->name && *device->backend);
    CHECK(!device->unusable || *device->unusable);
    printf("device %llu: %s by %s, %s\n", (unsigned long long)device->index, device->name,
        device->backend, device->unusable ? device->unusable : "usable");
}

int main(void) {
    walrus_accel_runtime *runtime = runtime_of_cpu(2, 0);
    walrus_accel_runtime_options options = WALRUS_ACCEL_RUNTIME_OPTIONS_INIT;
    walrus_accel_runtime *refused = UNSET(walrus_accel_runtime);
    sample expected = sample_new(runtime, SHARDS, 1, LENGTH);
    walrus_accel_devices *devices = NULL;
    walrus_accel_devices *again = NULL;
    walrus_accel_device device = WALRUS_ACCEL_DEVICE_INIT;
    size_t count = SIZE_MAX, number;
    int usable = 0;
    REQUIRE_OK(walrus_accel_devices_list(&devices, &count, &error));
    REQUIRE(devices != NULL && count < 1000);
    CHECK_OK(walrus_accel_devices_list(&again, NULL, &error));
    for (number = 0; number < count; number++) {
        walrus_accel_device same = WALRUS_ACCEL_DEVICE_INIT;
        REQUIRE_OK(walrus_accel_devices_get(devices, number, &device, &error));
        CHECK_OK(walrus_accel_devices_get(again, number, &same, &error));
        CHECK(device.index == same.index && strcmp(device.name, same.name) == 0);
        check_device(&device);
        if (!device.unusable) {
            usable = 1;
            check_engine(&expected, &device);
        }
    }
    CHECK_STATUS(WALRUS_ACCEL_NOT_FOUND, walrus_accel_devices_get(devices, count, &device, &error));
    CHECK_STATUS(
        WALRUS_ACCEL_NOT_FOUND, walrus_accel_devices_get(devices, SIZE_MAX, &device, &error));
    CHECK(usable || !check_setting("WALRUS_ACCEL_REQUIRE_GPU", 0));
    options.engine = WALRUS_ACCEL_ENGINE_GPU;
    options.device = "no device has this name";
    CHECK_STATUS(
        WALRUS_ACCEL_ENGINE_UNAVAILABLE, walrus_accel_runtime_new(&options, &refused, &error));
    CHECK(refused == NULL);
    CHECK(walrus_accel_devices_free(devices) == WALRUS_ACCEL_OK);
    CHECK(walrus_accel_devices_free(again) == WALRUS_ACCEL_OK);
    sample_free(&expected);
    CHECK(walrus_accel_runtime_free(runtime) == WALRUS_ACCEL_OK);
    return check_result();
}
