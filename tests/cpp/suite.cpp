// Tests of the C++ wrapper. Environment: WALRUS_ACCEL_VECTORS, the directory of the test vectors
// (tests/vectors by default); WALRUS_ACCEL_SMALL=1 for vectors of few shards only, for slow tools;
// WALRUS_ACCEL_ALL_VECTORS=1 for vectors of long blobs too.

#include "suite.hpp"

#include "check.hpp"

#include <exception>
#include <iostream>
#include <utility>

int main() {
    using part = std::pair<const char *, void (*)()>;
    const part parts[] = {
        {"values", test_values},
        {"vectors", test_vectors},
        {"encoding", test_encoding},
        {"decoding", test_decoding},
        {"recovery", test_recovery},
        {"directories", test_directories},
        {"jobs", test_jobs},
        {"quilts", test_quilts},
    };
    for (const auto &[name, test] : parts) {
        std::cout << name << std::endl;
        try {
            test();
        } catch (const std::exception &thrown) { check_that(false, name, 0, thrown.what()); }
    }
    std::cout << failures << " checks failed" << std::endl;
    return failures == 0 ? 0 : 1;
}
