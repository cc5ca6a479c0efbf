/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference: libcurl's multi interface fetches the URLs of a file, 128 at
 * a time, with one identity and one authority, and does nothing with them.
 * agents_bare URLS CA CERTIFICATE KEY
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum {
	AT_ONCE = 128,
};

static size_t drop(char *bytes, size_t size, size_t count, void *ctx)
{
	(void)bytes;
	(void)ctx;
	return size * count;
}

static int add_next(CURLM *multi, FILE *urls, char **argv)
{
	char url[256];
	CURL *easy;

	if (!fgets(url, sizeof(url), urls))
		return 0;
	url[strcspn(url, "\n")] = '\0';
	easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSLCERT, argv[3]);
	curl_easy_setopt(easy, CURLOPT_SSLKEY, argv[4]);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
	curl_multi_add_handle(multi, easy);
	return 1;
}

int main(int argc, char **argv)
{
	FILE *urls = argc == 5 ? fopen(argv[1], "r") : NULL;
	CURLM *multi = curl_multi_init();
	int active = 0, left = 0, failed = 0, open = 0;
	CURLMsg *m;

	if (!urls)
		return 64;
	while (open < AT_ONCE && add_next(multi, urls, argv))
		open++;
	while (open) {
		curl_multi_perform(multi, &active);
		while ((m = curl_multi_info_read(multi, &left))) {
			CURL *easy = m->easy_handle;

			failed += m->data.result != CURLE_OK;
			curl_multi_remove_handle(multi, easy);
			curl_easy_cleanup(easy);
			open += add_next(multi, urls, argv) - 1;
		}
		curl_multi_poll(multi, NULL, 0, 200, NULL);
	}
	curl_multi_cleanup(multi);
	return failed ? 1 : 0;
}
