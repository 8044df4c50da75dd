// Material of the tests: blobs made from a seed, and a runtime.
#ifndef SAMPLE_HPP
#define SAMPLE_HPP

#include <walrus_accel.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

using bytes = std::vector<std::uint8_t>;

/// Returns the blob of the test vectors.
inline bytes blob_of(std::uint64_t seed, std::uint64_t length) {
    bytes blob(static_cast<std::size_t>(length));
    for (auto &byte : blob) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        byte = static_cast<std::uint8_t>(seed >> 56);
    }
    return blob;
}

inline bool is_same(
    walrus_accel::span<const std::uint8_t> left, walrus_accel::span<const std::uint8_t> right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

/// Makes a runtime on the CPU.
inline walrus_accel::runtime cpu(std::uint32_t max_jobs = 0) {
    walrus_accel::runtime_options options;
    options.engine = walrus_accel::engine::cpu;
    options.threads = 2;
    options.max_jobs = max_jobs;
    return walrus_accel::runtime(options);
}

/// Encoded blob for few shards, and all its slivers.
struct sample {
    static constexpr std::uint16_t n_shards = 7;

    explicit sample(
        const walrus_accel::runtime &runtime, std::uint64_t seed = 1, std::uint64_t length = 5000)
        : blob(blob_of(seed, length)), kept(runtime.encode(request())), metadata(kept.metadata()) {}

    /// Returns a request for an encoding whose slivers the library keeps.
    walrus_accel::encode_request request() const {
        walrus_accel::encode_request made(walrus_accel::source::memory(blob));
        made.slivers = walrus_accel::sink::library();
        made.n_shards = n_shards;
        return made;
    }

    /// Returns the slivers of both axes of the pairs from `first` to before `end`.
    std::vector<walrus_accel::sliver> slivers(
        std::uint16_t first = 0, std::uint16_t end = n_shards) const {
        std::vector<walrus_accel::sliver> found;
        for (std::uint16_t pair = first; pair < end; ++pair) {
            for (const auto along : {walrus_accel::axis::primary, walrus_accel::axis::secondary}) {
                found.push_back({along, kept.sliver(along, pair)});
            }
        }
        return found;
    }

    bytes blob;
    walrus_accel::encoded kept;
    walrus_accel::metadata metadata;
};

/// Directory for a test's files. The destructor removes it.
class scratch {
  public:
    scratch() {
        std::random_device random;
        path_ = std::filesystem::temp_directory_path() /
                ("walrus-accel-cpp-" + std::to_string(random()));
        std::filesystem::create_directory(path_);
    }
    scratch(const scratch &) = delete;
    scratch &operator=(const scratch &) = delete;
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path operator/(const std::string &name) const { return path_ / name; }
    const std::filesystem::path &path() const { return path_; }

  private:
    std::filesystem::path path_;
};

#endif // SAMPLE_HPP
