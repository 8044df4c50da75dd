// Vectors of the network's own encoder.

#include "check.hpp"
#include "sample.hpp"
#include "suite.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace wal = walrus_accel;

namespace {

constexpr auto both_axes = {wal::axis::primary, wal::axis::secondary};

std::string hex(wal::span<const std::uint8_t> data) {
    const char *digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : data) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

class sha256 {
  public:
    sha256() : state_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        EVP_DigestInit_ex(state_.get(), EVP_sha256(), nullptr);
    }

    sha256 &update(wal::span<const std::uint8_t> data) {
        EVP_DigestUpdate(state_.get(), data.data(), data.size());
        return *this;
    }

    std::string text() {
        std::array<std::uint8_t, 32> digest{};
        EVP_DigestFinal_ex(state_.get(), digest.data(), nullptr);
        return hex(digest);
    }

  private:
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX *)> state_;
};

bool is_set(const char *variable) {
    const char *value = std::getenv(variable);
    return value && *value && std::string_view(value) != "0";
}

const char *name_of(wal::axis along) {
    return along == wal::axis::primary ? "primary" : "secondary";
}

void check_metadata(const wal::metadata &metadata, const nlohmann::json &expected) {
    const auto shape = metadata.shape();
    CHECK(shape.symbol_size == expected["symbol_size"]);
    CHECK(shape.rows == expected["n_primary_source_symbols"]);
    CHECK(shape.columns == expected["n_secondary_source_symbols"]);
    CHECK(shape.stored_length == expected["encoded_length"]);
    CHECK(metadata.blob_id().text() == expected["blob_id"]);
    CHECK(hex(metadata.root_hash()) == expected["root_hash"]);
    CHECK(metadata.commitment() == wal::commitment::blake2b);
    const auto bcs = metadata.to_bcs();
    CHECK(bcs.size() == shape.metadata_length);
    CHECK(sha256().update(bcs).text() == expected["metadata_bcs_sha256"]);
    if (expected.contains("metadata_bcs")) { CHECK(hex(bcs) == expected["metadata_bcs"]); }
    const auto read = wal::metadata::from_bcs(bcs, shape.n_shards, metadata.blob_id());
    CHECK(read.to_bcs() == bcs);
}

void check_slivers(
    const wal::encoded &encoded, const wal::shape &shape, const nlohmann::json &expected) {
    for (const auto along : both_axes) {
        sha256 digest;
        for (std::uint16_t pair = 0; pair < shape.n_shards; ++pair) {
            const auto sliver = encoded.sliver(along, pair);
            CHECK(sliver.size() == shape.sliver_length(along));
            digest.update(sliver);
        }
        CHECK(digest.text() == expected[std::string(name_of(along)) + "_slivers_bcs_sha256"]);
    }
    std::uint16_t pair = 0;
    for (const auto &one : expected.value("pairs", nlohmann::json::array())) {
        for (const auto along : both_axes) {
            CHECK(hex(encoded.sliver(along, pair)) == one[std::string(name_of(along)) + "_bcs"]);
        }
        ++pair;
    }
}

/// Decodes from the last slivers of an axis, which are mostly not source slivers.
void check_decoding(const wal::runtime &runtime, const wal::metadata &metadata,
    const wal::encoded &encoded, wal::axis along, const bytes &blob) {
    const auto shape = metadata.shape();
    const std::uint16_t needed = along == wal::axis::primary ? shape.rows : shape.columns;
    std::vector<wal::sliver> slivers;
    for (auto pair = static_cast<std::uint16_t>(shape.n_shards - needed); pair < shape.n_shards;
         ++pair) {
        slivers.push_back({along, encoded.sliver(along, pair)});
    }
    wal::decode_request request(metadata, slivers);
    const auto decoded = runtime.decode(request);
    CHECK(is_same(decoded.blob(), blob));
    CHECK(decoded.axis() == along && decoded.used().size() == needed && decoded.damaged().empty());
    for (const auto verdict : runtime.verify({metadata, slivers})) {
        CHECK(verdict == wal::verdict::good);
    }
}

void check_case(const wal::runtime &runtime, const nlohmann::json &expected) {
    const std::uint64_t length = expected["unencoded_length"];
    const std::uint16_t n_shards = expected["n_shards"];
    const bool is_large = length > 200'000 || n_shards > 300;
    if ((length > 20'000'000 && !is_set("WALRUS_ACCEL_ALL_VECTORS")) ||
        (n_shards > 31 && is_set("WALRUS_ACCEL_SMALL"))) {
        return;
    }
    const int before = failures;
    const auto blob = blob_of(expected["seed"], length);
    wal::encode_request request(wal::source::memory(blob));
    request.slivers = wal::sink::library();
    request.n_shards = n_shards;
    const auto encoded = runtime.encode(request);
    const auto metadata = encoded.metadata();
    check_metadata(metadata, expected);
    check_slivers(encoded, metadata.shape(), expected);
    check_decoding(runtime, metadata, encoded, wal::axis::secondary, blob);
    if (!is_large) { check_decoding(runtime, metadata, encoded, wal::axis::primary, blob); }
    if (failures != before) {
        std::cerr << "  in the vector of " << n_shards << " shards and " << length << " bytes\n";
    }
}

} // namespace

void test_vectors() {
    const char *directory = std::getenv("WALRUS_ACCEL_VECTORS");
    const auto path = std::filesystem::path(directory ? directory : "tests/vectors") / "rs2.json";
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("no vectors at " + path.string() + ": set WALRUS_ACCEL_VECTORS");
    }
    const auto runtime = cpu();
    for (const auto &expected : nlohmann::json::parse(file)) { check_case(runtime, expected); }
}
