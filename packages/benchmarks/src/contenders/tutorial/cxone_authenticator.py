import requests
import time
import logging
import os
from typing import Optional, Dict, Any
# Configure logging
logging.basicConfig(
    level=logging.INFO,
    format='%(asctime)s - %(name)s - %(levelname)s - %(message)s'
)
logger = logging.getLogger(__name__)
class CxoneAuthenticator:
    """
    Handles OAuth2 client_credentials flow for NICE CXone.
    """
    def __init__(self, client_id: str, client_secret: str, region: str = "us"):
        self.client_id = client_id
        self.client_secret = client_secret
        self.region = region
        # Define base URLs based on region
        if region == "eu":
            self.base_url = "https://platform.eu.nice-incontact.com"
        elif region == "ap":
            self.base_url = "https://platform.ap.nice-incontact.com"
        else:
            # Default to US Production
            self.base_url = "https://platform.nice-ic.com"
        self.token_endpoint = f"{self.base_url}/oauth/token"
        # Cache for the token
        self._access_token: Optional[str] = None
        self._token_expiry: float = 0
    def _get_token_url(self) -> str:
        return self.token_endpoint
    def fetch_token(self, scopes: Optional[list] = None) -> Dict[str, Any]:
        """
        Exchanges client credentials for an access token.
        """
        if scopes is None:
            scopes = ["offline_access"]
        payload = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scope": " ".join(scopes)
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded"
        }
        try:
            logger.info("Requesting new access token from CXone...")
            response = requests.post(
                self._get_token_url(),
                data=payload,
                headers=headers,
                timeout=10
            )
            response.raise_for_status()
            token_data = response.json()
            if "access_token" not in token_data:
                raise ValueError("Response missing 'access_token' field")
            return token_data
        except requests.exceptions.HTTPError as http_err:
            logger.error(f"HTTP error during token exchange: {http_err}")
            try:
                logger.error(f"Response body: {response.text}")
            except Exception:
                pass
            raise
        except requests.exceptions.RequestException as req_err:
            logger.error(f"Request exception during token exchange: {req_err}")
            raise
        except ValueError as val_err:
            logger.error(f"Value error during token parsing: {val_err}")
            raise
    def get_access_token(self, scopes: Optional[list] = None) -> str:
        """
        Returns a valid access token, caching it until expiration.
        """
        current_time = time.time()
        # Check if we have a cached token and if it is still valid
        # Buffer of 30 seconds to prevent edge-case expiration during API calls
        if (self._access_token is not None and
            current_time < (self._token_expiry - 30)):
            logger.debug("Using cached access token.")
            return self._access_token
        # Token is missing or expired, fetch a new one
        logger.info("Access token missing or expired. Fetching new token.")
        token_response = self.fetch_token(scopes=scopes)
        self._access_token = token_response["access_token"]
        expires_in = token_response.get("expires_in", 3600)
        self._token_expiry = current_time + expires_in
        logger.info(f"New token cached. Expires in {expires_in} seconds.")
        return self._access_token